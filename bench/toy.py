"""A toy night and students from nothing, for benchmarks of trainers: sums of two numbers with two digits.

Students are asked by transformers on this machine, because starting vLLM takes longer than training them;
what they say is judged by the night's own verifiers.
"""

import os
import resource
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from r1data import paths
from r1data.cli.execute import run_jobs
from r1data.evaluate.estimate import Estimate, mean_rate
from r1data.generate.models import ModelFolder, resolve
from r1data.lake import Lake
from r1data.recipe import Recipe, Student, load_recipe, load_student
from r1data.text import is_well_formed
from r1data.train.exports.make import export_mix
from r1data.train.preference import models_of
from r1data.train.student import FORMS, TrainedStudent, make_current, train_student
from r1data.verify import verify

RECIPE = paths.PROJECT / "recipes" / "toy.toml"
AT_ONCE = 200


@contextmanager
def toy_home() -> Iterator[tuple[Lake, Recipe]]:
    """A new home with one night of recipes/toy.toml; models stay where they are."""
    models = paths.models()
    with tempfile.TemporaryDirectory(prefix="r1data-toy-") as folder:
        home = Path(folder)
        (home / "dagster.yaml").write_bytes((paths.PROJECT / "dagster_home" / "dagster.yaml").read_bytes())
        models.mkdir(parents=True, exist_ok=True)
        (home / "models").symlink_to(models)
        os.environ |= {"DAGSTER_HOME": folder, "R1DATA_LAKE": str(home / "lake")}
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # so small a model only waits for a second thread
        recipe = load_recipe(RECIPE)
        run_jobs([("night", recipe.start.isoformat())], RECIPE)
        yield Lake(), recipe


def toy_student(name: str, **changes: Any) -> Student:
    """A student of recipes/students, with other values of some keys."""
    return load_student(name).model_copy(update=changes)


def train(lake: Lake, recipe: Recipe, student: Student) -> TrainedStudent:
    """Train a student on its mix, and let `student:NAME` mean it."""
    export = export_mix(
        lake,
        student.mix,
        form=FORMS[student.trainer],
        recipe=recipe,
        given=student.mix_parameters,
        student=student if student.trainer == "sft" else None,
    )
    trained = train_student(
        student,
        export,
        base=resolve(student.base, student.revision),
        models=models_of(student),
        recipe_name=recipe.name,
        mix=student.mix,
    )
    make_current(trained)
    return trained


def children_s() -> float:
    """CPU-seconds of processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def asked(lake: Lake, model: ModelFolder, *, k: int, temperature: float, max_tokens: int = 160) -> Estimate:
    """pass@1 of a model on the held-out items, each asked k times; with a 95 % interval over items."""
    items = lake.scan("benchmarks").filter(benchmark="heldout").collect()
    solved = [0] * items.height
    rows = [row for row in items.with_row_index("at").iter_rows(named=True) for _ in range(k)]
    texts = completions(
        model, [row["messages"] for row in rows], temperature=temperature, max_tokens=max_tokens
    )
    for row, text in zip(rows, texts, strict=True):
        verdict = verify(row["verifier"], text, row["reference"])
        solved[row["at"]] += verdict.verdict == "right" and is_well_formed(text)
    return mean_rate([n / k for n in solved], k=k)


def completions(
    model: ModelFolder, prompts: Sequence[Sequence[dict[str, str]]], *, temperature: float, max_tokens: int
) -> list[str]:
    """What a model writes to prompts, by plain sampling; the same seed every time."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model.path, padding_side="left")
    weights = AutoModelForCausalLM.from_pretrained(model.path, dtype=torch.float32).eval()
    torch.manual_seed(0)
    texts = []
    for start in range(0, len(prompts), AT_ONCE):
        shown = [
            tokenizer.apply_chat_template(list(one), add_generation_prompt=True, tokenize=False)
            for one in prompts[start : start + AT_ONCE]
        ]
        given = tokenizer(shown, return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.no_grad():
            wrote = weights.generate(
                input_ids=given["input_ids"],
                attention_mask=given["attention_mask"],
                max_new_tokens=max_tokens,
                do_sample=True,
                temperature=temperature,
                top_p=1.0,
                top_k=0,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        texts += tokenizer.batch_decode(wrote[:, given["input_ids"].shape[1] :], skip_special_tokens=True)
    return texts


def table(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows for people."""
    with pl.Config(tbl_rows=-1, tbl_cols=-1, fmt_str_lengths=60, tbl_hide_dataframe_shape=True):
        print(pl.DataFrame(rows, infer_schema_length=None), flush=True)
