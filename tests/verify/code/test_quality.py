import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import polars as pl
import pytest

from r1data.paths import PROJECT
from r1data.prompts import Question, frame
from r1data.prompts.intake import intake, references, with_quality
from r1data.prompts.question import user
from r1data.schema import TABLES
from r1data.verify.run import verify_rollouts

NIGHT = "2026-01-01"
SAME = "def f(x): return x"
WRONG = ["def add(a, b): return 3"]
ADD = "def add(a, b):\n    return a + b"
GOOD = {"test_list": ["assert add(1, 2) == 3"], "code": ADD}
REFERENCES = {
    "good": (GOOD, None),
    "without a known solution": ({"test_list": ["assert add(1, 2) == 3"]}, None),
    "the known solution fails": (GOOD | {"code": "def add(a, b):\n    return a"}, "unverifiable"),
    "a known wrong solution passes": (
        GOOD | {"wrong_solutions": WRONG},
        "unverifiable",
    ),
    "an empty program passes": ({"test_list": ["assert add(1, 2) is None"]}, "unverifiable"),
    "nothing printed passes": ({"inputs": ["1"], "outputs": [""]}, "unverifiable"),
    "no tests": ({"test_list": []}, "unparseable"),
    "one value": ({"code": "def f(x): return x", "input": "1", "output": "1", "mode": "input"}, None),
    "a value that is not so": (
        {"code": "def f(x): return x", "input": "1", "output": "2", "mode": "input"},
        "unverifiable",
    ),
}


def asked(*given):
    questions = [Question(user(json.dumps(each)), json.dumps(each), "code", "line 1") for each in given]
    return frame(questions, "s").lazy()


def test_tests_that_do_not_tell_right_from_wrong_keep_their_prompt_out():
    given = asked(*(reference for reference, _ in REFERENCES.values()))
    tested = with_quality(
        references(given, recipe="r", night=NIGHT, added_at=datetime(2026, 1, 2, tzinfo=UTC)), workers=1
    )
    assert dict(zip(REFERENCES, tested["quality"], strict=True)) == {k: v for k, (_, v) in REFERENCES.items()}
    none = TABLES["contamination"].empty().lazy()
    table = intake(given, none, tested.lazy(), recipe="r", night=NIGHT).collect()
    assert table["kept"].to_list() == [quality is None for _, quality in REFERENCES.values()]
    assert table["reason"].to_list() == [quality for _, quality in REFERENCES.values()]


@pytest.mark.parametrize("sandbox", ["zygote", "unsafe"])
def test_the_back_end_that_ran_is_stored_with_the_verdict(sandbox):
    rows = {"rollout_id": ["a", "b"], "prompt_id": ["p", "q"], "finish_reason": ["stop", "stop"]}
    rollouts = pl.LazyFrame(
        rows | {"completion": [f"<think>.</think>```python\n{ADD}\n```", "<think>.</think>1"]}
    )
    prompts = pl.LazyFrame(
        {
            "prompt_id": ["p", "q"],
            "reference": [json.dumps(GOOD), "1"],
            "verifier": ["code", "exact"],
            "verifier_args": [None, None],
        },
        schema_overrides={"verifier_args": pl.String},
    )
    verdicts = verify_rollouts(rollouts, prompts, workers=1, sandbox=sandbox)
    assert verdicts.schema == TABLES["verdicts"].schema
    assert verdicts.select("verdict", "sandbox").rows() == [("right", sandbox), ("right", None)]


WITHOUT = """
import json, sys
import polars as pl
from datetime import UTC, datetime
from r1data.errors import SandboxError
from r1data.verify import verify
from r1data.prompts.intake import with_quality
reference = sys.argv[1]
print(verify("code", "<think>.</think>```python\\ndef add(a, b): return a + b\\n```", reference).reason)
row = {"reference_version": "1", "reference": reference, "verifier": "code", "verifier_args": "{}"}
rows = pl.LazyFrame([row])
try:
    with_quality(rows, workers=1)
except SandboxError as error:
    print(error)
"""


def test_where_no_sandbox_works_a_verdict_is_our_doubt_and_a_night_says_what_is_missing():
    # In a user namespace of its own that may not make others; bwrap is not found.
    script = 'echo 0 > /proc/sys/user/max_user_namespaces; PATH= exec "$@"'
    words = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", sys.executable, "-c", WITHOUT]
    done = subprocess.run(
        [*words, json.dumps(GOOD)],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    first, _, rest = done.stdout.partition("\n")
    assert first == "no_sandbox", done.stderr
    assert rest.startswith("no sandbox works here")
