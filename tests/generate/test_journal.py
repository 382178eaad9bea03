import os

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.errors import InputError, RunInProgress
from r1data.generate.journal import Journal, journal_path

ROWS = [
    {"rollout_id": "a", "completion": "2 + 2 = 4 ✓"},
    {"rollout_id": "b"},
    {"rollout_id": "c", "index": 3},
]


def as_json(rows):
    return [orjson.dumps(row) for row in rows]


@pytest.fixture
def written(tmp_path):
    """A journal of three batches, and where each of them ends."""
    path, ends = tmp_path / "j", []
    with Journal(path) as journal:
        for row in ROWS:
            ends.append(path.stat().st_size)
            journal.append([row])
    return path, [*ends, path.stat().st_size]


def test_a_tail_torn_at_any_byte_is_cut_and_the_journal_goes_on(written, tmp_path):
    path, ends = written
    content = path.read_bytes()
    torn = tmp_path / "torn"
    for length in range(len(content) + 1):
        torn.write_bytes(content[:length])
        whole = max(sum(end <= length for end in ends) - 1, 0)
        with Journal(torn) as journal:
            assert list(journal.rows()) == as_json(ROWS[:whole]), length
            journal.append([{"rollout_id": "next"}])
        with Journal(torn) as journal:
            assert list(journal.rows()) == as_json([*ROWS[:whole], {"rollout_id": "next"}]), length


def test_a_flipped_bit_cuts_there_and_invents_nothing(written, tmp_path):
    path, ends = written
    content = path.read_bytes()

    @given(at=st.integers(ends[0], ends[-1] - 1), bit=st.integers(0, 7))
    def check(at, bit):
        broken = bytearray(content)
        broken[at] ^= 1 << bit
        (tmp_path / "broken").write_bytes(broken)
        with Journal(tmp_path / "broken") as journal:
            assert list(journal.rows()) == as_json(ROWS[: sum(end <= at for end in ends) - 1])

    check()


def test_an_append_is_on_the_file_when_it_returns(tmp_path):
    with Journal(tmp_path / "j") as journal:
        journal.append(ROWS)
        copy = tmp_path / "copy"
        copy.write_bytes((tmp_path / "j").read_bytes())
        with Journal(copy) as other:
            assert list(other.rows()) == as_json(ROWS)


def test_clearing_forgets_and_removing_deletes(tmp_path):
    path = tmp_path / "deep" / "j"
    with Journal(path) as journal:
        journal.append(ROWS)
        journal.clear()
        journal.append(ROWS[2:])
    with Journal(path) as journal:
        assert list(journal.rows()) == as_json(ROWS[2:])
        journal.remove()
    assert not path.exists()


def test_a_second_process_is_told_to_wait(tmp_path):
    with (
        Journal(tmp_path / "j"),
        pytest.raises(RunInProgress, match="Another process is making these rollouts"),
    ):
        Journal(tmp_path / "j")
    Journal(tmp_path / "j").close()


def test_a_foreign_file_is_left_alone(tmp_path):
    (tmp_path / "j").write_bytes(b"my precious notes")
    with pytest.raises(InputError, match="is no journal"):
        Journal(tmp_path / "j")
    assert (tmp_path / "j").read_bytes() == b"my precious notes"


def test_every_lake_recipe_night_and_teacher_has_its_own_journal():
    parts = [("/a", "r", "n", "t"), ("/b", "r", "n", "t"), ("/a", "s", "n", "t"), ("/a", "r", "m", "t")]
    assert len({journal_path(*p) for p in [*parts, ("/a", "r", "n", "u")]}) == 5


def test_no_file_descriptor_is_left_open(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        Journal(tmp_path / "j").close()
    assert len(os.listdir("/proc/self/fd")) == before
