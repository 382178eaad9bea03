import gzip

import pytest

from r1data import ids
from r1data.errors import ConfigError, InputError
from r1data.generate.engine import FINISH_REASONS
from r1data.generate.engines.replay.rows import replay_rows
from r1data.prompts.question import user
from r1data.recipe import ReplaySettings

MAP = {"prompt": "q", "completion": "c"}
ROW = {"q": "What is 1 + 1?", "c": "<think>\nTwo.\n</think>\n\n2"}


def read(path, columns=MAP, **more):
    return list(replay_rows(ReplaySettings(path=str(path), columns=columns, **more)))


def one(write_traces, row, columns=MAP):
    """The only row of a file, as it is replayed."""
    return read(write_traces(rows=[row]), columns)[0]


def test_thought_and_answer_of_two_columns_become_one_text(write_traces):
    columns = {"prompt": "q", "reasoning": "r", "answer": "a"}
    whole = {"q": "What?", "r": "\nI think.\n", "a": " 4 "}
    assert one(write_traces, whole, columns).completion == "<think>\nI think.\n</think>\n\n4"
    cut = one(write_traces, whole | {"a": None}, columns)
    assert (cut.completion, cut.finish_reason) == ("<think>\nI think.", "length")
    assert one(write_traces, whole | {"r": None}, columns).completion == "4"


def test_an_opening_tag_that_the_template_wrote_is_put_back(write_traces):
    row = one(write_traces, {"q": "What?", "c": "\nI think.\n</think>\n\n4"})
    assert (row.completion, row.finish_reason) == ("<think>\nI think.\n</think>\n\n4", "stop")


def test_a_thought_that_never_closes_was_cut_unless_the_file_says_otherwise(write_traces):
    cut = {"q": "What?", "c": "<think>\nI thi"}
    assert one(write_traces, cut).finish_reason == "length"
    assert one(write_traces, cut | {"f": "stop"}, MAP | {"finish_reason": "f"}).finish_reason == "stop"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [*((reason, reason) for reason in FINISH_REASONS), ("EOS", "stop"), ("max_tokens", "length")],
)
def test_finish_reasons_are_read_in_other_words_too(write_traces, theirs, ours):
    row = one(write_traces, ROW | {"f": theirs}, MAP | {"finish_reason": "f"})
    assert row.finish_reason == ours
    assert (row.detail is None) == (ours in ("stop", "length"))


def test_messages_and_a_suffix_name_the_prompt_as_the_prompt_source_does(write_traces):
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "What?"}]
    row = {"m": messages, "c": "4"}
    columns = {"messages": "m", "completion": "c"}
    path = write_traces("a.parquet", [row])
    assert read(path, columns)[0].prompt_id == ids.prompt_id(messages)
    with_suffix = [messages[0], {"role": "user", "content": "What? Think."}]
    assert read(path, columns, prompt_suffix=" Think.")[0].prompt_id == ids.prompt_id(with_suffix)


GOOD = b'{"q": "What?", "c": "4", "f": "stop", "n": 1, "m": [{"role": "user", "content": "x"}]}\n'


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", GOOD + b'{"q": ', r"a\.jsonl, line 2: not JSON"),
        ("a.jsonl", GOOD + b'{"q": "What?", "c": null}\n', r"line 2: `c` \(our `completion`\) is empty"),
        ("a.jsonl", GOOD + b'{"q": "What?", "c": 4}\n', r"line 2: `c` \(our `completion`\) is no text"),
        ("a.jsonl", GOOD + b'{"q": " ", "c": "4"}\n', r"line 2: `q` \(our `prompt`\) is empty"),
        ("a.jsonl", GOOD + b'{"q": "What?", "c": "4", "f": "tired"}\n', r"line 2: `f` .* which is none of"),
        ("a.jsonl", GOOD + b'{"q": "What?", "c": "4", "n": -1}\n', r"line 2: `n` .*`-1`, which is no count"),
        ("a.jsonl", GOOD + b'{"q": "What?", "c": "4", "n": true}\n', r"line 2: `n` .*no count of tokens"),
        ("a.jsonl", b"", r"a\.jsonl: no rows"),
        ("a.jsonl.gz", gzip.compress(GOOD * 500)[:-20], r"a\.jsonl\.gz, after line \d+: broken or cut gzip"),
        ("a.parquet", b"PAR1 and nothing else PAR1", r"a\.parquet: not readable as Parquet"),
        ("a.txt", GOOD, r"a\.txt: files end in"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    columns = MAP | {"finish_reason": "f", "prompt_tokens": "n"}
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path / name, columns)
    assert str(caught.value).startswith(str(tmp_path)) and "\n" not in str(caught.value)


def test_a_prompt_that_ends_with_the_answer_is_refused(write_traces):
    messages = [*user("What?"), {"role": "assistant", "content": "4"}]
    with pytest.raises(InputError, match=r"line 1: `m` \(our `messages`\) ends in an assistant's message"):
        one(write_traces, {"m": messages, "c": "4"}, {"messages": "m", "completion": "c"})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"promt": "q", "completion": "c"}, "`promt`; did you mean `prompt`"),
        ({"completion": "c"}, "either `prompt` or `messages`"),
        ({"prompt": "q"}, "either `completion`, or both"),
        ({"prompt": "q", "reasoning": "c"}, "either `completion`, or both"),
        (MAP | {"reasoning": "r", "answer": "a"}, "either `completion`, or both"),
        ({"prompt": "q", "completion": "cc"}, "`columns.completion` of `generate.replay`.*did you mean `c`"),
    ],
)
def test_a_map_that_cannot_work_is_refused(write_traces, columns, message):
    with pytest.raises(ConfigError, match=message):
        read(write_traces(), columns)
