"""Each form is read back by its consumer's own loader, or by its documented schema, text for text."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import datasets
import polars as pl
import pytest
from pydantic import BaseModel, ConfigDict, Field

from r1data.errors import ConfigError, SchemaError
from r1data.recipe import Rewards
from r1data.text import joined
from r1data.train.exports import EXPORTS, Export
from r1data.train.rewards import Reward
from tests.train.exports.conftest import ROWS, pairs, prompts, traces

Written = Callable[..., Export]


def loaded(made: Export, tmp_path: Path) -> list[dict[str, Any]]:
    """Rows as `datasets` reads the folder by its README."""
    return datasets.load_dataset(str(made.folder), split="train", cache_dir=str(tmp_path / "cache")).to_list()


def texts(rows: pl.DataFrame, which: str = "") -> list[str]:
    return [
        joined(row[f"{which}reasoning"], row[f"{which}answer"])
        for row in rows.select(pl.col(f"^{which}(reasoning|answer)$")).iter_rows(named=True)
    ]


def asked(rows: pl.DataFrame) -> list[Any]:
    return rows["messages"].to_list()


@pytest.mark.parametrize("form", EXPORTS)
def test_datasets_loads_every_form_by_its_readme_and_finds_the_declared_columns(
    written: Written, tmp_path: Path, form: str
):
    rows = loaded(written(form), tmp_path)
    assert len(rows) == 3
    columns = EXPORTS[form].columns
    assert list(rows[0]) == (columns.names if columns else ROWS.get(form, traces)(1).columns)


def test_a_trace_in_is_a_trace_out_in_every_form_of_traces(written: Written, tmp_path: Path):
    rows = traces(3)
    trl = loaded(written("trl"), tmp_path)
    assert [row["rollout_id"] for row in trl] == rows["rollout_id"].to_list()
    assert [row["prompt"] for row in trl] == asked(rows)
    assert [row["completion"] for row in trl] == [[{"role": "assistant", "content": t}] for t in texts(rows)]
    for form in ("messages", "openai"):
        whole = [row["messages"] for row in loaded(written(form), tmp_path)]
        assert whole == [row["prompt"] + row["completion"] for row in trl]
    plain = loaded(written("parquet"), tmp_path)
    assert plain == rows.to_dicts()


def test_a_null_at_the_start_does_not_hide_what_comes_later(written: Written, tmp_path: Path):
    rows = pl.concat([prompts(2, reference=None, language=None), prompts(2)])
    for form in ("grpo", "parquet"):
        found = loaded(written(form, rows=rows), tmp_path)
        assert [row["reference"] for row in found] == [None, None, "1", "2"]


def test_the_grpo_form_feeds_the_reward_function(written: Written, tmp_path: Path):
    rows = loaded(written("grpo", rows=prompts(2)), tmp_path)
    reward = Reward(Rewards(), end_tokens=[0], max_tokens=100)
    said = [joined("So it is.", "1"), joined("So it is.", "7")]
    given = {name: [row[name] for row in rows] for name in rows[0]}
    assert reward(completions=said, completion_ids=[[5, 0], [5, 0]], **given) == [3.0, 2.0]


class VerlReward(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    style: Literal["rule"]
    ground_truth: str


class VerlRow(BaseModel):
    """https://verl.readthedocs.io/en/latest/preparation/prepare_data.html"""

    model_config = ConfigDict(extra="forbid", strict=True)
    data_source: str = Field(min_length=1)
    prompt: list[dict[Literal["role", "content"], str]] = Field(min_length=1)
    ability: str = Field(min_length=1)
    reward_model: VerlReward
    extra_info: dict[str, str | int]


def load_as_verl(path: Path) -> Callable[..., Any]:
    """`verl.utils.import_utils.load_extern_object(path, "compute_score")`, in short."""
    spec = importlib.util.spec_from_file_location("verl_reward", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.compute_score


def test_verl_gets_the_rows_of_its_documentation_and_a_reward_function_for_them(
    written: Written, tmp_path: Path
):
    made = written("verl", rows=pl.concat([prompts(2), prompts(1, source=None, reference=None)]))
    # As RLHFDataset reads: one file at a time, without the README.
    found = datasets.load_dataset(
        "parquet", data_files=str(made.folder / "train-00000.parquet"), cache_dir=str(tmp_path / "cache")
    )["train"].to_list()
    rows = [VerlRow.model_validate(row) for row in found]
    assert [row.extra_info["index"] for row in rows] == [0, 1, 2]
    assert [row.prompt for row in rows[:2]] == asked(prompts(2))
    compute_score = load_as_verl(made.folder / "compute_score.py")

    def rewarded(row: VerlRow, said: str) -> dict[str, float]:
        """As `NaiveRewardManager` calls it."""
        return compute_score(
            data_source=row.data_source,
            solution_str=said,
            ground_truth=row.reward_model.ground_truth,
            extra_info={**row.extra_info, "num_turns": 2},
        )

    right = rewarded(rows[0], joined("So it is.", "1"))
    assert right == {"score": 3.0, "unknown": 0.0, "accuracy": 1.0, "format": 1.0, "language": 1.0}
    assert rewarded(rows[0], joined("So it is.", "7"))["score"] == 2.0
    assert rewarded(rows[2], joined("So it is.", "7"))["score"] == 0.0
    assert rewarded(rows[2], joined("So it is.", "7"))["unknown"] == 1.0


def as_llama_factory(folder: Path) -> list[dict[str, Any]]:
    """What LLaMA-Factory makes of a folder, by the rules of its data/README.md and of
    SharegptDatasetConverter (https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md).
    """
    (info,) = json.loads((folder / "dataset_info.json").read_text()).values()
    assert set(info) <= {"file_name", "formatting", "columns", "tags"}
    assert info["formatting"] == "sharegpt"
    columns, tags = info["columns"], info["tags"]
    made = []
    for line in (folder / info["file_name"]).read_text(encoding="utf-8").split("\n")[:-1]:
        row = json.loads(line)
        turns = row[columns["messages"]]
        expected = [tags["user_tag"], tags["assistant_tag"]] * (len(turns) // 2)
        assert [turn[tags["role_tag"]] for turn in turns] == expected, "it would leave this conversation out"
        said = [turn[tags["content_tag"]] for turn in turns]
        made.append({"system": row[columns["system"]], "prompt": said[:-1], "response": said[-1]})
    return made


def test_llama_factory_finds_system_prompt_and_response(written: Written):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "1 + 1?"},
    ]
    rows = pl.concat([traces(1), traces(1, messages=messages, rollout_id="s")])
    first, second = as_llama_factory(written("llamafactory", rows=rows).folder)
    assert first == {
        "system": "",
        "prompt": [asked(rows)[0][0]["content"]],
        "response": texts(rows)[0],
    }
    assert second["system"] == "Be brief."
    assert second["prompt"] == ["Hi", "Hello.", "1 + 1?"]


class OpenaiMessage(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    role: Literal["system", "user", "assistant"]
    content: str


class OpenaiLine(BaseModel):
    """https://platform.openai.com/docs/guides/supervised-fine-tuning; `chat_template` data of Axolotl
    (https://docs.axolotl.ai/docs/dataset-formats/conversation.html) and `--data.input_key messages` of
    OpenRLHF are the same.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    messages: list[OpenaiMessage] = Field(min_length=2)


def test_openai_lines_hold_messages_and_nothing_else_and_end_with_the_assistant(written: Written):
    lines = written("openai").rows.read_text(encoding="utf-8").split("\n")[:-1]
    for line in lines:
        assert OpenaiLine.model_validate_json(line).messages[-1].role == "assistant"
    assert len(lines) == 3


def test_a_pair_has_one_prompt_and_two_completions(written: Written, tmp_path: Path):
    rows = pairs(3)
    found = loaded(written("dpo"), tmp_path)
    assert [row["prompt"] for row in found] == asked(rows)
    assert [row["chosen"][0]["content"] for row in found] == texts(rows, "chosen_")
    assert [row["rejected"][0]["content"] for row in found] == texts(rows, "rejected_")


@pytest.mark.parametrize(
    ("form", "rows", "missing"),
    [
        ("grpo", traces(1), "lacks verifier, reference, verifier_args, .* such as rl_prompts"),
        ("verl", pairs(1), "lacks verifier, .* such as rl_prompts"),
        ("dpo", traces(1), "lacks chosen_id, .* such as preference_pairs"),
        ("trl", prompts(1), "lacks rollout_id, reasoning, .* such as shortest_correct"),
    ],
)
def test_a_mix_of_another_kind_is_refused_and_the_right_one_named(
    written: Written, form: str, rows: pl.DataFrame, missing: str
):
    with pytest.raises(SchemaError, match=missing):
        written(form, rows=rows)


def test_an_unknown_form_names_the_nearest(written: Written):
    with pytest.raises(ConfigError, match="did you mean `llamafactory`"):
        written("llama_factory")


@pytest.mark.parametrize("blank", [None, " \n"])
def test_a_trace_without_a_thought_is_refused_by_name_unless_it_is_general(
    written: Written, blank: str | None
):
    with pytest.raises(SchemaError, match=r"Rollout r0 .* as do 2 of the 2 rows"):
        written("trl", rows=traces(2, reasoning=blank))
    with pytest.raises(SchemaError, match="has no answer"):
        written("trl", rows=traces(2, domain="general", answer=blank))
    with pytest.raises(SchemaError, match="Rollout w0 of the mix has no answer"):
        written("dpo", rows=pairs(2, rejected_answer=blank))
    general = written("openai", rows=traces(1, reasoning=blank, domain="general", answer=" Hello. "))
    assert json.loads(general.rows.read_bytes())["messages"][-1]["content"] == "Hello."


@pytest.mark.parametrize("messages", [None, [], [{"role": "user", "content": None}]])
@pytest.mark.parametrize("form", ["trl", "grpo", "dpo", "parquet"])
def test_a_prompt_without_messages_is_refused_by_name(written: Written, form: str, messages: Any):
    with pytest.raises(SchemaError, match="Prompt p0 of the mix has no messages, or one without content"):
        written(form, rows=ROWS.get(form, traces)(2, messages=messages))
