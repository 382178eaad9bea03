"""Models are asked once, by one engine, and what they say is verified."""

from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from r1data import ids
from r1data.errors import ConfigError, EngineError, GateError, SchemaError, StorageError
from r1data.evaluate import Ask, Candidate, attempts_of, check_complete, evaluate, metrics
from r1data.generate.engine import Engine
from r1data.generate.engines import ENGINES
from r1data.generate.models import ModelFolder, resolve
from r1data.lake import Lake
from r1data.recipe import Evaluate, ExportRules, Generate, Teacher, Verify
from r1data.recipe.teacher import FewShot
from r1data.schema import TABLES
from r1data.train.exports import About, Policy, export

HOW = Evaluate(k=2)
BASE = Candidate("base", resolve("fake:base"), engine="fake")
STUDENT = Candidate("tiny", resolve("fake:tiny"), run_key="k1", engine="fake")
RIGHT, BARE, WRONG = "<think>\n2 + 3 = 5.\n</think>\n\n5", "It is 5", "<think>\n2 + 3 = 6.\n</think>\n\n6"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return Lake(str(tmp_path / "lake"))


def items(n: int = 3, benchmark: str = "heldout") -> pl.DataFrame:
    rows = []
    for i in range(n):
        messages = [{"role": "user", "content": f"What is {i} + {5 - i}?"}]
        rows.append(
            {
                "night": "2026-01-01",
                "benchmark": benchmark,
                "item_id": ids.prompt_id(messages),
                "messages": messages,
                "reference": "5",
                "verifier": "math",
                "verifier_args": "{}",
                "domain": "math",
                "family": "add",
            }
        )
    return pl.DataFrame(rows, schema=TABLES["benchmarks"].schema)


class Bench:
    """One lake and one script; counts how often an engine is started."""

    def __init__(self, lake: Lake, **script: Any) -> None:
        self.lake, self.generate, self.starts = lake, Generate(engine="fake", fake=script), 0

    def start(self, candidate: Candidate, context_tokens: int) -> Engine:
        self.starts += 1
        generate = self.generate.model_copy(update={"context_tokens": context_tokens})
        return ENGINES[candidate.engine](generate, candidate.model)

    def publish(self, frame: pl.DataFrame) -> None:
        self.lake.append("evaluations", frame, run="test", inputs={})

    def ask(self, *candidates: Candidate, asked: pl.DataFrame | None = None, how: Evaluate = HOW) -> int:
        return self.ask_all([Ask(candidate, how) for candidate in candidates], asked)

    def ask_all(self, asks: list[Ask], asked: pl.DataFrame | None = None) -> int:
        return evaluate(
            items() if asked is None else asked,
            asks,
            verify=Verify(workers=1),
            night="2026-01-01",
            lake="lake",
            stored=lambda: self.lake.scan("evaluations"),
            start=self.start,
            publish=self.publish,
        )

    def stored(self) -> pl.DataFrame:
        return self.lake.scan("evaluations").collect()


def test_one_engine_asks_base_and_student_and_the_base_is_not_asked_again(lake: Lake):
    bench = Bench(lake, texts=[RIGHT])
    assert bench.ask(BASE, STUDENT) == 12
    assert bench.starts == 1
    other = Candidate("other", resolve("fake:other"), run_key="k2", engine="fake")
    assert bench.ask(BASE, other) == 6
    assert bench.ask(BASE, STUDENT, other) == 0
    assert bench.starts == 2
    assert {m.student: m.pass_at_1.value for m in metrics(bench.stored())} == {
        "base": 1,
        "other": 1,
        "tiny": 1,
    }
    assert (
        attempts_of(lake.scan("evaluations"), STUDENT.model, HOW).collect()["run_key"].to_list() == ["k1"] * 6
    )


def test_a_right_answer_in_the_wrong_form_is_not_solved_but_ends_in_the_right_number(lake: Lake):
    bench = Bench(lake, texts=[RIGHT, BARE])
    bench.ask(BASE)
    rows = bench.stored()
    told = {
        row["completion"]: (row["verdict"], row["solved"], row["last_number_right"])
        for row in rows.to_dicts()
    }
    assert told == {RIGHT: ("right", True, True), BARE: ("right", False, True)}
    assert set(rows["extracted"]) == {"5"}


def test_a_wrong_answer_is_wrong_and_a_cap_hit_is_unknown_and_unsolved(lake: Lake):
    Bench(lake, texts=[WRONG]).ask(BASE)
    capped = Bench(lake, texts=[RIGHT], finish_reason="length")
    capped.ask(STUDENT)
    rows = capped.stored()
    assert rows.filter(student="base").select("verdict", "solved").unique().rows() == [("wrong", False)]
    assert rows.filter(student="tiny").select("verdict", "solved").unique().rows() == [("unknown", False)]


def test_more_attempts_ask_only_for_those_that_are_missing(lake: Lake):
    bench = Bench(lake, texts=[RIGHT])
    bench.ask(BASE)
    assert bench.ask(BASE, how=Evaluate(k=5)) == 9
    assert attempts_of(lake.scan("evaluations"), BASE.model, Evaluate(k=5)).collect().height == 15
    assert attempts_of(lake.scan("evaluations"), BASE.model, HOW).collect().height == 6


def test_another_cap_or_temperature_is_another_evaluation(lake: Lake):
    bench = Bench(lake, texts=[RIGHT])
    assert bench.ask(BASE) == bench.ask(BASE, how=Evaluate(k=2, max_tokens=50)) == 6
    assert bench.stored()["student_id"].n_unique() == 2


def test_what_a_dying_engine_had_finished_is_kept(lake: Lake):
    with pytest.raises(EngineError):
        Bench(lake, texts=[RIGHT], fail_after=4, per_poll=2).ask(BASE)
    assert Bench(lake, texts=[RIGHT]).ask(BASE) == 2
    assert metrics(lake.scan("evaluations").collect())[0].n_items == 3


@pytest.mark.parametrize("reason", ["error", "abort"])
def test_attempts_at_which_a_server_failed_are_not_stored_and_made_again(lake: Lake, reason: str):
    with pytest.raises(SchemaError, match=r"base has 0 attempts at item .* Materialise `evaluations` again"):
        Bench(lake, texts=[""], finish_reason=reason).ask(BASE)
    bench = Bench(lake, texts=[RIGHT])
    assert bench.ask(BASE) == 6
    assert metrics(bench.stored())[0].pass_at_1.value == 1


def test_what_failed_in_a_run_that_was_killed_is_asked_again_at_once(lake: Lake):
    def killed(frame: pl.DataFrame) -> None:
        raise OSError("disk full")

    bench = Bench(lake, texts=[""], finish_reason="error")
    bench.publish = killed
    with pytest.raises(StorageError):  # so the journal keeps what it has
        bench.ask(BASE)
    assert Bench(lake, texts=[RIGHT]).ask(BASE) == 6
    assert metrics(lake.scan("evaluations").collect())[0].pass_at_1.value == 1


def test_a_rejected_attempt_is_stored_and_told(lake: Lake):
    bench = Bench(lake, texts=[""], finish_reason="rejected")
    assert (bench.ask(BASE), bench.ask(BASE)) == (6, 0)
    assert metrics(bench.stored())[0].not_run_rate == 1


def test_a_student_that_trained_on_an_item_is_refused_before_an_engine_starts(lake: Lake, tmp_path: Path):
    rows = items(1).select(
        "messages",
        rollout_id=pl.lit("r0"),
        prompt_id="item_id",
        reasoning=pl.lit("0 + 5 = 5."),
        answer=pl.lit("5"),
        completion_tokens=pl.lit(9),
        licence=pl.lit("CC0-1.0"),
        terms=pl.lit("Apache-2.0"),
    )
    made = export([rows], tmp_path / "exports", form="trl", policy=Policy(ExportRules(), None), about=About())
    leaky = Candidate("leaky", STUDENT.model, "k3", made, engine="fake")
    bench = Bench(lake, texts=[RIGHT])
    with pytest.raises(GateError, match="Benchmark heldout leaked: rollout r0 of export"):
        bench.ask(leaky)
    assert bench.starts == 0
    assert bench.ask(leaky, asked=items().slice(1)) == 4


def test_a_benchmark_without_items_is_an_error(lake: Lake):
    with pytest.raises(ConfigError, match="Benchmark heldout has no items"):
        Bench(lake, texts=[RIGHT]).ask(BASE, asked=items(benchmark="aime"))


TEACHER = Teacher(
    name="ada",
    model="fake:base",
    system_prompt="Think first.",
    few_shots=(FewShot(prompt="What is 1 + 1?", reasoning="1 + 1 = 2.", answer="2"),),
    prefill="<think>",
)


def test_a_teacher_is_asked_as_its_recipe_says_apart_from_zero_shot(lake: Lake):
    bench = Bench(lake, texts=["\n2 + 3 = 5.\n</think>\n\n5"])
    taught = Candidate("ada", BASE.model, teacher=TEACHER, engine="fake")
    assert bench.ask(BASE, taught) == 12
    assert bench.starts == 1
    # Only the prefill opens the thought, so the rows show which attempts had one.
    solved = bench.stored().group_by("student").agg(pl.col("solved").mean(), pl.col("protocol").first())
    assert dict(solved.select("student", "solved").rows()) == {"ada": 1.0, "base": 0.0}
    assert solved["protocol"].n_unique() == 2


def test_a_teacher_that_is_the_base_is_not_asked_twice(lake: Lake):
    same = Candidate("teacher", BASE.model, engine="fake")
    assert Bench(lake, texts=[RIGHT]).ask(BASE, same) == 6


def test_the_engine_has_room_for_the_longest_context_that_is_asked_for(lake: Lake):
    bench = Bench(lake, texts=[RIGHT])
    rooms = []
    start = bench.start
    bench.start = lambda candidate, context: rooms.append(context) or start(candidate, context)
    long = HOW.model_copy(update={"context_tokens": 2048})
    bench.ask_all([Ask(BASE, HOW), Ask(STUDENT, long)])
    assert rooms == [2048]


def test_an_evaluation_whose_attempts_were_not_all_stored_is_an_error(lake: Lake):
    bench = Bench(lake, texts=[RIGHT])
    bench.publish = lambda frame: lake.append("evaluations", frame.filter(pl.col("index") == 0), run="t")
    with pytest.raises(SchemaError, match=r"base has 1 attempts at item \w+ of benchmark heldout, and not 2"):
        bench.ask(BASE)


def test_attempts_at_items_that_are_no_longer_asked_are_told(lake: Lake):
    bench = Bench(lake, texts=[RIGHT])
    bench.ask(BASE)
    ask = Ask(BASE, HOW)
    attempts = ask.attempts(lake.scan("evaluations"), items())
    check_complete(attempts, items(), ask)
    with pytest.raises(SchemaError, match="base has 2 attempts"):
        check_complete(attempts, items(2), ask)


def test_attempts_at_items_of_another_recipe_do_not_count(lake: Lake):
    bench = Bench(lake, texts=[RIGHT])
    bench.ask(BASE)
    assert bench.ask(BASE, asked=items(2)) == 0
    assert Ask(BASE, HOW).attempts(lake.scan("evaluations"), items(2)).height == 4


QWEN = {"architectures": ["Qwen3ForCausalLM"], "hidden_size": 64, "rope_theta": 10000.0, "head_dim": 32}


@pytest.mark.parametrize(
    ("told", "starts"),
    [
        ({"transformers_version": "4.51", "_name_or_path": "x", "torch_dtype": "float32"}, 1),
        ({"use_cache": False, "dtype": "bfloat16", "quantization_config": None}, 1),
        ({"rope_theta": None, "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}}, 1),
        ({"rope_theta": 1000000.0}, 2),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, 2),
        ({"quantization_config": {"quant_method": "awq"}}, 2),
        ({"head_dim": 64}, 2),
        ({"rms_norm_eps": 1e-5}, 2),
    ],
)
def test_one_engine_serves_models_only_if_it_computes_the_same_with_both(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], starts: int
):
    monkeypatch.setitem(ENGINES, "vllm", ENGINES["fake"])
    candidates = []
    for name, config in (("base", QWEN), ("tiny", QWEN | told)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_bytes(orjson.dumps(config))
        candidates.append(Candidate(name, ModelFolder(tmp_path / name, name, None, 512)))
    bench = Bench(lake, texts=[RIGHT])
    assert bench.ask(*candidates) == 12
    assert bench.starts == starts
