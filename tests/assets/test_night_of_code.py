"""A night of programs: references that tell nothing stay out, and verdicts come from the sandbox."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from r1data import paths
from r1data.lake import Lake

NIGHT = "2026-01-02"
ROWS = [
    (
        "Write a function add that gives the sum of two numbers.",
        "add(1, 2) == 3",
        "def add(a, b): return a + b",
    ),
    ("Write a function mul that gives the product of two.", "mul(3, 2) == 6", "def mul(a, b): return a * b"),
    ("Write a function that does nothing whatsoever.", "nothing() is None", "def nothing(): pass"),
    ("Write a function half that halves what it is given.", "half(4) == 2", "def half(x): return x / 2"),
]
TEXTS = """
[generate.fake]
texts = [
    '''<think>
{prompt} A sum of a and b is a + b, which Python gives for any numbers, so one line does. I add the two.
</think>

```python
def add(a, b):
    return a + b
```''',
    '''<think>
I leave at once, then nobody can tell.
</think>

```python
import os
os._exit(0)
```''',
]
"""


def test_a_night_of_programs(
    r1data: Callable[..., int], home_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rows = [{"text": a, "test_list": [f"assert {b}"], "test_setup_code": "", "code": c} for a, b, c in ROWS]
    data = tmp_path / "problems.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    monkeypatch.setenv("R1DATA_PROMPTS", str(data))
    text = (paths.PROJECT / "recipes" / "code.toml").read_text(encoding="utf-8")
    for old, new in (
        ("[0, 900]", "[0, 3]"),
        ("[900, 960]", "[3, 4]"),
        ("\n[generate]", '\n[generate]\nengine = "fake"'),
        ("rollouts_per_prompt = 4", "rollouts_per_prompt = 2"),
    ):
        assert old in text
        text = text.replace(old, new)
    scripted = tmp_path / "code.toml"
    scripted.write_text(text + TEXTS, encoding="utf-8")
    assert r1data("run", "--night", NIGHT, "--recipe", scripted) == 0

    intake = home_lake.scan("intake").collect()
    assert sorted(intake.select("kept", "reason").rows(), key=str) == [
        (False, "unverifiable"),
        (True, None),
        (True, None),
    ]
    verdicts = home_lake.scan("verdicts").collect().filter(verifier="code")
    assert set(verdicts["reason"]) == {"passed", "early_exit", "runtime_error"}
    assert verdicts.filter(verdict="right").height == 1
    assert set(verdicts["sandbox"]) <= {"zygote", "bubblewrap"}
    assert home_lake.scan("corpus").collect().height == 1
