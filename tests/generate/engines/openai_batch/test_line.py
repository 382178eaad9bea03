import json

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from r1data.generate.engine import FINISH_REASONS, Completion, Request
from r1data.generate.engines.openai_batch.line import Results, outcome

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 600) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
ERRORS = JSON | st.fixed_dictionaries({}, optional={"code": JSON, "message": JSON})
RESPONSES = JSON | st.fixed_dictionaries({}, optional={"status_code": JSON, "body": JSON})
LINES = st.none() | st.fixed_dictionaries({}, optional={"error": ERRORS, "response": RESPONSES})
REQUEST = Request("a", "p", 0, ({"role": "user", "content": "?"},), 1, 16)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(line=LINES)
@example(line={"error": "\r"})
def test_whatever_a_line_says_it_is_a_completion_or_one_line_that_says_why_not(line):
    became = outcome(REQUEST, line, elapsed_s=1.0, retries=1, reasoning_kind="full")
    if isinstance(became, Completion):
        assert (became.rollout_id, became.retries) == ("a", 1) and became.finish_reason in FINISH_REASONS
    else:
        assert became and "\n" not in became


@settings(max_examples=50)
@given(rest=st.binary(max_size=60), before=st.booleans())
def test_whatever_else_is_in_a_file_its_good_lines_are_found(tmp_path_factory, rest, before):
    file = tmp_path_factory.mktemp("f") / "results.jsonl"
    good = json.dumps({"custom_id": "a", "n": "\ud800"}).encode() + b"\n"
    file.write_bytes(good + rest if before else rest + b"\n" + good)
    found = Results([file.with_name("none"), file], {"a", "b"})
    assert found.read("a") == ({"custom_id": "a", "n": "\ud800"}, len(good))
    assert found.read("b") == (None, 0)
