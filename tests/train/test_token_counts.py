"""Token counts are those of the tokens that a student trains on."""

import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.curate.stale import stale
from r1data.curate.tokens import by_student, count, measure_token_counts, tokenizer_digest, uncounted
from r1data.errors import OfflineError
from r1data.lake import Lake
from r1data.recipe import load_recipe
from r1data.schema import TABLES
from r1data.schema.facts import TOKEN_COUNTS
from r1data.text import joined
from r1data.train.gate import gate

NIGHT = "2026-01-02"
ASK = [{"role": "user", "content": "What is 2 + 3?"}]


def traces(*texts: tuple[str, str]) -> pl.DataFrame:
    """Rows as `count` takes them, of thought and answer."""
    rows = [(NIGHT, f"r{i}", None, ASK, thought, answer) for i, (thought, answer) in enumerate(texts)]
    columns = ["night", "rollout_id", "review_id", "messages", "reasoning", "answer"]
    return pl.DataFrame(rows, schema=columns, orient="row", schema_overrides={"review_id": pl.String})


@settings(max_examples=50)
@given(st.lists(st.tuples(st.text("ab1 \n"), st.text("<|im_end|>x", min_size=1)), min_size=1, max_size=4))
def test_counts_are_the_lengths_of_what_the_gate_trains_on(tokenizer: Any, texts: list[tuple[str, str]]):
    rows = traces(*texts)
    counted = count(rows, tokenizer, "digest")
    assert counted.schema == TOKEN_COUNTS.schema
    gated = gate(
        (
            {
                "rollout_id": row["rollout_id"],
                "prompt": row["messages"],
                "completion": [{"role": "assistant", "content": joined(row["reasoning"], row["answer"])}],
            }
            for row in rows.iter_rows(named=True)
        ),
        tokenizer,
        max_tokens=1000,
    )
    lengths = [(one.n_prompt, len(one.input_ids) - one.n_prompt) for one in gated.traces]
    assert counted.select("prompt_tokens", "completion_tokens").rows() == lengths


def test_the_digest_follows_tokenizer_and_template_and_not_the_weights(tiny_model: Path, tmp_path: Path):
    for file in tiny_model.iterdir():
        os.link(file, tmp_path / file.name)
    before = tokenizer_digest(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    assert tokenizer_digest(tmp_path) == before
    (tmp_path / "chat_template.jinja").unlink()
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    assert tokenizer_digest(tmp_path) != before


@pytest.fixture
def home(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder whose embedded model is the tiny one."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "smollm2-135m-instruct").symlink_to(tiny_model)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


def put(lake: Lake, table: str, *rows: dict[str, Any]) -> None:
    schema = TABLES[table].schema
    full = [{name: {"night": NIGHT, "recipe": "night", **row}.get(name) for name in schema} for row in rows]
    frame = pl.DataFrame(full, schema=schema, orient="row")
    if TABLES[table].kind == "derived":
        lake.begin(table, {"recipe": "night", "night": NIGHT})
        lake.replace(table, {"recipe": "night", "night": NIGHT}, frame)
    else:
        lake.append(table, frame)


def lake_of(home: Path, *rollout_ids: str) -> Lake:
    """A lake in which these traces are accepted."""
    lake = Lake(home / "lake")
    text = "<think>\n2 + 3 = 5.\n</think>\n\n5"
    places = {"thought_start": 7, "thought_end": text.index("</think>"), "answer_start": text.index("\n\n5")}
    names = {"prompt_id": "p", "teacher_id": "t"}
    put(lake, "prompts", {"prompt_id": "p", "messages": ASK})
    put(lake, "rollouts", *({"rollout_id": r, "completion": text} | places | names for r in rollout_ids))
    selected = {"accepted": True, "reasons": [], "review_id": None} | names
    put(lake, "selected", *({"rollout_id": r} | selected for r in rollout_ids))
    return lake


def measured(lake: Lake) -> pl.DataFrame:
    measure_token_counts(lake, lake.scan("selected"), NIGHT, load_recipe("recipes/night.toml"))
    return lake.scan("token_counts").sort("rollout_id", "review_id").collect()


def test_a_trace_is_counted_once_and_an_edited_one_again(home: Path, tokenizer: Any):
    lake, recipe = lake_of(home, "a", "b"), load_recipe("recipes/night.toml")
    assert uncounted(lake.scan("selected"), lake.scan("token_counts"), recipe).collect().height == 2
    first = measured(lake)
    assert first["completion_tokens"].to_list() == [len("<think>\n2 + 3 = 5.\n</think>\n\n5\n") + 1] * 2
    version = lake.version("token_counts")
    assert measured(lake).equals(first)
    assert lake.version("token_counts") == version
    assert stale(lake, recipe).filter(stage="token_counts").is_empty()

    edit = {"review_id": "v", "rollout_id": "a", "verdict": "edit", "reasoning": "Five.", "answer": "5"}
    put(lake, "reviews", edit)
    put(lake, "selected", {"rollout_id": "a", "prompt_id": "p", "teacher_id": "t", "accepted": True,
                           "reasons": [], "review_id": "v"})  # fmt: skip
    assert stale(lake, recipe).filter(stage="token_counts")["n_rollouts"].to_list() == [1]
    edited = measured(lake).filter(review_id="v")
    assert edited["completion_tokens"].to_list() == [len("<think>\nFive.\n</think>\n\n5\n") + 1]
    assert by_student(lake.scan("token_counts"), recipe).collect().height == 3


def test_without_the_students_tokenizer_nothing_is_counted_and_nothing_is_stale(home: Path, tmp_path: Path):
    lake, recipe = lake_of(home, "a"), load_recipe("recipes/night.toml")
    (home / "models" / "smollm2-135m-instruct").unlink()
    with pytest.raises(OfflineError, match="r1data model fetch"):
        measured(lake)
    assert stale(lake, recipe).filter(stage="token_counts").is_empty()
    assert by_student(lake.scan("token_counts"), recipe).collect().is_empty()
