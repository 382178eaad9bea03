"""What votes come to, and what is not asked at all."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.errors import SchemaError
from r1data.generate.engine import Completion
from r1data.judge.margin import margin
from r1data.judge.protocol import decide, is_unsure, request, unasked, vote
from r1data.judge.question import JUDGE_REASONS, Question, Vote
from r1data.judge.rubric import load_rubric
from r1data.recipe import Judge, Sampling, Teacher, load_teacher

SETTINGS = Judge(generate={"max_tokens": 9})
TEACHER = Teacher(name="t", model="fake:t", sampling=Sampling(temperature=0.6, top_k=20))
MATCH, PAIR, OPEN = (load_rubric(name) for name in ("reference_match", "pairwise", "open_ended"))
QUESTION = Question("q", "2 + 2?", "4", reference="four", other="5")


def votes(*words, margin=None):
    """Votes in both orders in turn."""
    return tuple(Vote(index % 2 == 1, word, margin, word or "") for index, word in enumerate(words))


def said(rubric, *words, **fields):
    judged = decide(rubric, QUESTION, votes(*words, **fields), 1.0)
    assert judged.reason in JUDGE_REASONS
    assert (judged.reward is None) == (judged.verdict == "unknown")
    return judged.verdict, judged.reason


def read(text, rubric=MATCH, index=0, finish_reason="stop", teacher=TEACHER, **fields):
    asked = request(rubric, QUESTION, index, teacher, SETTINGS, "j")
    completion = Completion(asked.rollout_id, text, finish_reason, 1, 1, 0.0, **fields)
    return vote(rubric, QUESTION, asked, completion)


def likely(**shares):
    return {token: math.log(share) for token, share in shares.items()}


def test_a_verdict_is_what_both_orders_agree_on():
    assert said(MATCH, "SAME", "SAME") == ("right", "judged_right")
    assert said(MATCH, "DIFFERENT", "DIFFERENT") == ("wrong", "judged_wrong")
    assert said(MATCH, "UNSURE", "UNSURE") == ("unknown", "unsure")
    assert said(MATCH, "SAME", "DIFFERENT") == said(MATCH, "SAME", "UNSURE") == ("unknown", "swapped")
    assert said(MATCH, "SAME", None) == said(MATCH, None, None) == ("unknown", "unreadable_reply")


def test_of_two_answers_the_word_changes_with_the_place():
    assert said(PAIR, "A", "B") == ("right", "judged_right")
    assert said(PAIR, "B", "A") == ("wrong", "judged_wrong")
    assert said(PAIR, "A", "A") == said(PAIR, "B", "B") == ("unknown", "swapped")
    assert said(PAIR, "TIE", "TIE") == ("unknown", "unsure")


def test_criteria_give_a_share_and_required_ones_decide():
    yes, fourth, second = "yes yes yes yes yes", "yes yes yes no yes", "yes no yes yes yes"
    assert said(OPEN, yes, fourth) == ("right", "judged_right")
    assert decide(OPEN, QUESTION, votes(yes, fourth), 0).reward == pytest.approx(0.9)
    assert said(OPEN, second, second) == ("wrong", "judged_wrong")
    assert said(OPEN, "yes yes no no yes", "yes yes no yes no") == ("wrong", "judged_wrong")
    assert said(OPEN, "yes unsure yes yes yes", "yes unsure yes yes yes") == ("unknown", "unsure")
    assert said(OPEN, "yes yes yes yes unsure", yes) == ("right", "judged_right")
    own = Question("q", "t", "a", criteria=("It rhymes.", "It is kind."))
    assert decide(OPEN, own, votes("yes yes", "yes yes"), 0).verdict == "right"
    assert decide(OPEN, own, votes("no yes", "no yes"), 0).reward == 0.5


def test_a_low_margin_calls_for_more_votes_and_most_of_them_must_agree_in_either_order():
    low = votes("SAME", "SAME", margin=0.2)
    assert is_unsure(MATCH, QUESTION, low, SETTINGS)
    for enough in (
        votes("SAME", "SAME", margin=0.6),
        votes("SAME", "SAME"),
        votes("SAME", "DIFFERENT", margin=0),
    ):
        assert not is_unsure(MATCH, QUESTION, enough, SETTINGS)
    assert not is_unsure(MATCH, QUESTION, votes("UNSURE", "UNSURE", margin=0.1), SETTINGS)
    assert said(MATCH, "SAME", "SAME", "SAME", "SAME", "SAME", "DIFFERENT") == ("right", "judged_right")
    assert said(MATCH, "SAME", "SAME", "SAME", "DIFFERENT", "SAME", None) == ("unknown", "split")
    assert said(MATCH, *["SAME", "SAME"] + ["SAME", "DIFFERENT"] * 2) == ("unknown", "split")
    assert said(PAIR, "A", "B", "A", "B", "A", "A") == ("right", "judged_right")
    assert decide(MATCH, QUESTION, low, 0).margin == 0.2


@given(st.lists(st.sampled_from(["SAME", "DIFFERENT", "UNSURE", None]), min_size=2, max_size=8))
def test_no_votes_give_a_verdict_that_a_third_of_them_deny(words):
    verdict, _ = said(MATCH, *words)
    for meaning, word in (("right", "SAME"), ("wrong", "DIFFERENT")):
        if verdict == meaning:
            assert 3 * words.count(word) > 2 * len(words) and words[:2] == [word, word]


def test_nothing_to_judge_and_too_much_are_not_asked():
    def known(rubric=MATCH, **fields):
        judged = unasked(rubric, Question("q", "t", **({"reference": "4"} | fields)), SETTINGS)
        return judged and (judged.verdict, judged.reason)

    for empty in ("", " \n", ":", "…!?", "\u200b"):
        assert known(answer=empty) == ("wrong", "no_answer")
        assert known(PAIR, answer=empty, other="x") == ("wrong", "no_answer")
    assert known(answer=">", reference="<") is None  # an answer without a letter, as the reference
    assert known(answer="4") is known(answer="四") is None
    assert known(answer="4" * 20_001) == ("unknown", "too_long")
    assert known(PAIR, answer="4", other="5" * 20_001) == ("unknown", "too_long")


def test_a_question_that_lacks_what_the_rubric_needs_is_refused():
    bare = replace(OPEN, criteria=())
    assert unasked(load_rubric("helpful"), Question("q", "t", "a"), SETTINGS) is None
    for rubric, lacks in ((MATCH, "a reference"), (PAIR, "a second answer"), (bare, "criteria")):
        with pytest.raises(SchemaError, match=f"Question q lacks {lacks}, which rubric {rubric.name} needs"):
            unasked(rubric, Question("q", "t", "a"), SETTINGS)


def test_the_first_votes_are_greedy_and_the_further_ones_are_not():
    asked = [request(MATCH, QUESTION, index, TEACHER, SETTINGS, "j") for index in range(4)]
    assert [one.sampling.temperature for one in asked] == [0, 0, 0.7, 0.7]
    assert {one.sampling.top_k for one in asked} == {20} and {one.max_tokens for one in asked} == {9}
    assert len({one.rollout_id for one in asked}) == len({one.seed for one in asked}) == 4
    assert asked[0].messages == asked[2].messages != asked[1].messages == asked[3].messages
    assert asked[0].choices == ("SAME", "DIFFERENT", "UNSURE") and asked[0].json_schema is None
    assert request(MATCH, QUESTION, 0, TEACHER, SETTINGS, "j") == asked[0]
    told = request(OPEN, QUESTION, 0, TEACHER, SETTINGS, "j")
    assert told.choices == () and told.json_schema["required"][-1] == "criterion_5"
    thinking = TEACHER.model_copy(update={"thinking": True})
    free = [request(rubric, QUESTION, 0, thinking, SETTINGS, "j") for rubric in (MATCH, OPEN)]
    assert [(one.choices, one.json_schema) for one in free] == [((), None)] * 2


def test_a_reply_is_read_behind_its_thought():
    assert read("SAME").word == "SAME"
    assert read("<think>\nDIFFERENT at first.\n</think>\n\nSAME").word == "SAME"
    own = TEACHER.model_copy(update={"thought_marks": ("|s|", "|s|")})
    assert read("|s|DIFFERENT|s|SAME", teacher=own).word == "SAME"
    assert read("<think>\nIt is the SAME").word is None
    assert read('{"verdict": "DIFFERENT"}').word == "DIFFERENT"
    swapped = read('{"criterion_1": "no", "criterion_2": "yes", "criterion_3": "yes", "criterion_4": "yes", '
                   '"criterion_5": "unsure"}', OPEN, 1)  # fmt: skip
    assert (swapped.swapped, swapped.word) == (True, "unsure yes yes yes no")


@pytest.mark.parametrize("reason", ["length", "abort", "error", "repetition", "rejected", "refusal"])
def test_a_reply_that_did_not_end_by_itself_says_nothing(reason):
    assert read("SAME", finish_reason=reason).word is None


def test_the_margin_is_that_of_the_words_where_the_word_begins():
    tokens = (("S", likely(S=0.6, D=0.2, DI=0.1, U=0.1)), ("AME", likely(AME=1.0)), ("<end>", likely(x=1.0)))
    assert read("SAME", logprobs=tokens).margin == pytest.approx(0.3)
    thought = (("<think>S</think>\n\n", likely(D=1.0)), *tokens)
    assert read("<think>S</think>\n\nSAME", logprobs=thought).margin == pytest.approx(0.3)
    quoted = (
        ('{"verdict":', likely(x=1.0)),
        (' "S', {' "S': math.log(0.7), ' "D': math.log(0.3)}),
        ('AME"}', {}),
    )
    assert read('{"verdict": "SAME"}', logprobs=quoted).margin == pytest.approx(0.4)
    assert read("SAME").margin is None and read("SAME", logprobs=((("x"), {}),)).margin is None


def test_a_word_that_is_not_among_the_likeliest_counts_as_the_least_of_them():
    words = ("SAME", "DIFFERENT")
    full = [("SAME", likely(x=0.5, y=0.3, SAME=0.01))]
    assert margin(words, full, "SAME", 0, top=3) == 0.0
    assert margin(words, full, "SAME", 0, top=20) == 1.0  # all that was allowed is listed
    assert margin(words, [("SAME", likely(SAME=0.98, x=0.001))], "SAME", 0, top=2) > 0.99
    assert margin(words, [("SAME", likely(x=0.5))], "SAME", 0, top=1) is None


LISTS = st.lists(st.tuples(st.text(max_size=4), st.dictionaries(st.text(max_size=4), st.floats(-30, 0))))


@given(LISTS, st.text(max_size=8), st.integers(0, 9))
def test_a_margin_is_none_or_a_share(tokens, text, start):
    found = margin(("SAME", "DIFFERENT", "UNSURE"), tokens, text, start, 20)
    assert found is None or 0 <= found <= 1


@pytest.mark.slow
def test_a_real_model_says_only_what_the_rubric_allows_and_how_sure_it_is(vllm_engine):
    settings = Judge(generate={"max_tokens": 100})
    teacher = load_teacher("smollm2-judge")
    asked = {
        one.rollout_id: (rubric, one)
        for rubric in (MATCH, PAIR, load_rubric("harmless"), OPEN)
        for one in (request(rubric, QUESTION, index, teacher, settings, "j") for index in range(3))
    }
    vllm_engine.submit([one for _, one in asked.values()])
    found = {}
    while len(found) < len(asked):
        found |= {completion.rollout_id: completion for completion in vllm_engine.poll(60)}
    for name, (rubric, one) in asked.items():
        given = vote(rubric, QUESTION, one, found[name])
        assert given.word is not None and 0 <= given.margin <= 1, found[name]
