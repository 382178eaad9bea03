from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from r1data.serve.vote import Vote


def test_a_majority_that_no_attempt_can_change_ends_the_vote():
    vote = Vote(5)
    assert vote.wanted == 3
    for _ in range(2):
        assert vote.add("The answer is 7.") == "7" and not vote.decided
    vote.add(r"<think>Hm.</think>So \boxed{7}.")
    assert (vote.decided, vote.wanted, vote.leader, vote.n_leader) == (True, 0, "7", 3)


def test_attempts_without_an_answer_do_not_vote():
    vote = Vote(3)
    assert vote.add(None) is None and vote.add("<think>still thinking") is None
    assert vote.leader is None and vote.wanted == 1


@given(st.lists(st.sampled_from("1234"), min_size=1, max_size=9))
def test_the_leader_of_a_decided_vote_wins_whatever_follows(answers):
    vote = Vote(len(answers))
    for index, answer in enumerate(answers):
        if vote.decided:
            counts = Counter(answers[:index])
            most = max(counts[other] for other in "1234" if other != vote.leader)
            assert counts[vote.leader] > most + len(answers) - index
        before = vote.wanted
        vote.add(answer)
        assert vote.wanted <= before or not vote.decided
