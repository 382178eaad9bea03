"""A night of prompts without a rule: what is asked without a thought, stored and exported."""

from collections.abc import Callable
from pathlib import Path

import orjson
import polars as pl
import pytest

from r1data.curate.corpus import texts
from r1data.lake import Lake
from r1data.recipe import ExportRules
from r1data.train.exports import About, Policy, export

Run = Callable[..., int]
NIGHT = "2026-01-02"
WHO, POEM = "Who are you?", "Write two lines about a lamp."
ROWS = [
    {"q": WHO, "a": "A language model.", "args": {"rubrics": ["self_cognition"]}},
    {"q": POEM, "a": None, "args": {"rubrics": ["writing"], "criteria": ["It has two lines.", "It rhymes."]}},
]
TEACHER = """
name = "direct"
model = "fake:direct"
terms = "MIT"
prefill = "<think>\\n"
direct_families = ["simple"]
[[few_shots]]
prompt = "Say hi."
reasoning = "Easy."
answer = "hi"
"""
RECIPE = """
name = "general"
start = 2026-01-01
[[prompts]]
name = "own"
source = "files"
path = "{path}"
columns = {{ prompt = "q", reference = "a", verifier_args = "args" }}
domain = "general"
verifier = "judge"
licence = "MIT"
[generate]
teacher = "direct.toml"
engine = "fake"
rollouts_per_prompt = 2
context_tokens = 100
[generate.fake.by_prompt]
"{who}" = ["I am a language model.", "<answer> </answer>"]
"{poem}" = ["A rhyme.\\n</think>\\n\\nAll night the lamp\\nkeeps out the damp.", "Hm.\\n</think>\\n\\n"]
[checks]
min_accepted = 0
max_unknown_share = 1.0
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of two prompts, one of which needs no thought."""
    rows = tmp_path / "prompts.jsonl"
    rows.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in ROWS))
    (tmp_path / "direct.toml").write_text(TEACHER, encoding="utf-8")
    path = tmp_path / "general.toml"
    path.write_text(RECIPE.format(path=rows, who=WHO, poem=POEM), encoding="utf-8")
    return path


def test_a_simple_prompt_is_asked_without_a_thought_and_exported_as_an_answer(
    recipe: Path, r1data: Run, home_lake: Lake, tmp_path: Path
):
    assert r1data("run", "--night", NIGHT, "--recipe", recipe) == 0
    prompts = home_lake.scan("prompts").with_columns(
        asked=pl.col("messages").list.last().struct.field("content")
    )
    made = (
        home_lake.scan("rollouts")
        .join(prompts.select("prompt_id", "asked", "family", "domain", "messages", "licence"), on="prompt_id")
        .join(texts(home_lake.scan("rollouts")).drop("completion_tokens"), on="rollout_id")
        .sort("asked", "index", descending=[True, False])
        .collect()
    )
    lamp = "All night the lamp\nkeeps out the damp."
    assert made.select("family", "reasoning", "answer").rows() == [
        ("general", "A rhyme.", lamp),
        ("general", "Hm.", ""),
        ("simple", None, "I am a language model."),
        ("simple", None, "<answer> </answer>"),
    ]
    assert made["completion"].str.starts_with("<think>\n").to_list() == [True, True, False, False]

    said = made.join(home_lake.scan("verdicts").filter(verifier="judge").collect(), on="rollout_id")
    reasons = said.sort("asked", "index", descending=[True, False])["reason"].to_list()
    assert reasons == ["no_rule", "no_answer"] * 2
    assert home_lake.scan("verdicts").collect().height == 4 * 3, "by judge, format and language"
    references = home_lake.scan("prompt_references").collect()
    assert set(references.select("reference", "quality").rows()) == {
        ("A language model.", None),
        (None, None),
    }
    assert home_lake.scan("intake").collect()["kept"].all()

    good = made.filter(index=0).with_columns(terms=pl.lit("MIT"))
    policy = Policy(ExportRules(), None)
    exported = export([good], tmp_path / "exports", form="trl", policy=policy, about=About())
    lines = map(orjson.loads, exported.rows.read_bytes().splitlines())
    assert [line["completion"][0]["content"] for line in lines] == [
        f"<think>\nA rhyme.\n</think>\n\n{lamp}",
        "I am a language model.",
    ]
