"""The model card of a student, in the form of the Hugging Face hub: what it learnt from, how, at what cost,
what it gained, and what a reader should distrust.

    students/tiny-3f9a…/model/   README.md  curve.png   beside the weights, so that the folder can be uploaded
"""

import json
import re
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson
import yaml

from r1data.evaluate.result import Result
from r1data.report.against_teacher import against_section
from r1data.report.doubts import doubts
from r1data.report.evaluation import evaluation_section, heldout_section
from r1data.report.plots import training_curve
from r1data.train.exports.base import CARD as EXPORT_CARD
from r1data.train.exports.card import fenced, flat, hub_licence, table, text
from r1data.train.job import JOB as JOB_FILE
from r1data.train.job import METRICS, WRITTEN, Job
from r1data.train.student import TrainedStudent, ends

CARD, CURVE = "README.md", "curve.png"
ROWS = {"sft": "traces", "grpo": "prompts", "reward_model": "pairs of traces"}
"""What a trainer reads."""
PLACES = ("step", "tokens")
"""Numbers of a curve that only say how far it is."""
N_WRITTEN, WRITTEN_CHARS = 3, 2_000
"""Completions that are shown, and characters of each text."""
EMBEDDED_BASES = {
    "embedded:smollm2-135m-instruct": ("HuggingFaceTB/SmolLM2-135M-Instruct", "apache-2.0"),
}
"""The hub's name and licence of embedded models."""
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_NOT_SAID = {None, "other", "unknown"}
_COUNTED = {
    "domains": "Domains",
    "sources": "Sources of the prompts",
    "languages": "Languages",
    "licences": "Licences of the prompts",
    "terms": "Terms of use of the teachers' completions",
    "dropped": "Rows left out before training, by reason",
}


def write_card(trained: TrainedStudent, result: Result | None) -> Path:
    """Write card and curve into the model's folder, and return the card's path; see `model_card`."""
    folder = trained.model.path
    (folder / CURVE).write_bytes(training_curve(trained.curve, title=trained.row["student"]))
    (folder / CARD).write_text(model_card(trained, result), "utf-8")
    return folder / CARD


def model_card(trained: TrainedStudent, result: Result | None) -> str:
    """Describe a finished training job from what lies in its folder and in that of its export.

    Args:
        trained: a student of any trainer.
        result: how it fared; None where it was not evaluated, as reward models are not.

    Returns:
        Markdown behind a YAML front matter (https://huggingface.co/docs/hub/model-cards). Names, settings,
        SQL and completions are shown to the letter, whatever marks they hold.
    """
    row, card = trained.row, orjson.loads((trained.export.folder / EXPORT_CARD).read_bytes())
    folder = trained.model.path.parent
    metrics, job = orjson.loads((folder / METRICS).read_bytes()), Job.read(folder / JOB_FILE)
    hub_id, licences = _inherits(row["base"], Path(job.base), card)
    said = licences.pop() if len(licences) == 1 and not licences & _NOT_SAID else None
    front = yaml.safe_dump(_front(row, card, hub_id, said), sort_keys=False, allow_unicode=True)
    distrust = doubts(row, card, metrics, trained.curve, result)
    sections = [
        f"---\n{front}---",
        f"# {text(row['student'])}",
        f"A student of {_base(row['base'])}, trained by {row['trainer']} on {row['n_rows']:,} "
        f"{ROWS[row['trainer']]} that mix {text(row['mix_name'])} chose from all nights of recipe "
        f"{text(row['recipe'])}. Weights `{row['revision']}`, run `{row['run_key']}`.",
        "## Evaluation",
        evaluation_section(result) if result else heldout_section(trained.heldout),
        f"## Against its teacher\n\n{against_section(result)}" if result and result.beside else "",
        "\n".join(["## What to distrust", "", *(f"- {text(doubt)}" for doubt in distrust)]),
        _writes(folder / WRITTEN),
        _data(row, card, said),
        "\n\n".join(filter(None, (table(title, card.get(name) or {}) for name, title in _COUNTED.items()))),
        "## Mix\n\n" + fenced(row["mix"], "sql"),
        table("Parameters of the mix", card["mix"]["parameters"], "value"),
        table("Thresholds of the recipe", flat(card["filters"]), "value"),
        table("Versions of the tables read", json.loads(row["inputs"]), "version"),
        _training(row, job),
        _curve(trained.curve),
        _cost(row, metrics, trained.curve),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _front(
    row: Mapping[str, Any], card: Mapping[str, Any], hub_id: str | None, licence: str | None
) -> dict[str, Any]:
    rewards = row["trainer"] == "reward_model"
    return {
        **({"license": licence} if licence else {}),
        **({"base_model": hub_id, "base_model_relation": "finetune"} if hub_id else {}),
        "library_name": "transformers",
        "pipeline_tag": "text-classification" if rewards else "text-generation",
        **({"language": languages} if (languages := _languages(card)) else {}),
        "tags": ["reasoning", "r1data", row["trainer"].replace("_", "-")],
    }


def _languages(card: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in card["languages"] if name.isascii() and name.isalpha() and len(name) < 4)


def _inherits(base: str, folder: Path, card: Mapping[str, Any]) -> tuple[str | None, set[str | None]]:
    """The base's name on the hub, and the licences, in the hub's words, of everything that the weights come
    from: None where one is not known.
    """
    rows = {hub_licence(name) for name in (*card["licences"], *card["terms"])}
    if base.startswith("scratch:"):
        return None, {*rows}
    if base in EMBEDDED_BASES:
        hub_id, licence = EMBEDDED_BASES[base]
        return hub_id, {licence, *rows}
    on_hub = _HUB_ID.fullmatch(base) and not Path(base).is_dir()
    return base if on_hub else None, {_licence_in(folder / CARD), *rows}


def _licence_in(readme: Path) -> str | None:
    from huggingface_hub import metadata_load

    try:
        found = (metadata_load(readme) or {}).get("license")
    except (OSError, ValueError, yaml.YAMLError):  # a base may have any README, or none
        return None
    return found if isinstance(found, str) else None


def _base(base: str) -> str:
    """A base as others may read it: where a folder is on this machine is no business of theirs."""
    return text(Path(base).name if Path(base).expanduser().is_absolute() else base)


def _writes(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as lines:
        kept = map(orjson.loads, deque(lines, maxlen=N_WRITTEN))
    told = ["## What it writes", "To prompts that it trained on, the last ones that its trainer kept."]
    for one in kept:
        for name, aside in ("prompt", "step"), ("completion", "reward"), ("reference", ""):
            if one.get(name):
                beside = f", {aside} {_number(one[aside])}" if one.get(aside) is not None else ""
                told += [f"**{name}**{beside}", fenced(_cut(one[name]), "")]
    return "\n\n".join(told)


def _cut(written: str) -> str:
    return written if len(written) <= WRITTEN_CHARS else written[:WRITTEN_CHARS] + " […]"


def _data(row: Mapping[str, Any], card: Mapping[str, Any], licence: str | None) -> str:
    tokens = card.get("completion_tokens")
    counted = f", {tokens:,} completion tokens as the teachers count" if tokens is not None else ""
    told = (
        f"Everything that the weights come from is under {licence}, so they are said to be."
        if licence
        else "No licence of the weights is said: base, prompts and completions do not all state one and the "
        "same. Read those below, and the base's."
    )
    rows = f"{card['n_rows']:,} rows of {card['n_prompts']:,} prompts{counted}"
    lines = [f"- Export `{card['rows_digest']}`: {rows}."]
    if row["n_rows_too_long"]:
        lines.append(
            f"- Rows longer than it may read, which the trainer left out: {row['n_rows_too_long']:,}."
        )
    return "\n".join(["## What it learnt from", "", *lines, f"- {told}"])


def _training(row: Mapping[str, Any], job: Job) -> str:
    # The other keys of [launch] name machines and accounts of the house.
    launch = {name: job.launch[name] for name in ("processes", "machines", "parallel") if name in job.launch}
    settings = {name: value for name, value in json.loads(row["settings"]).items() if value is not None}
    how = {"trainer": row["trainer"], "seed": str(row["seed"]), "launcher": row["launcher"]}
    return table("How it was trained", how | flat(settings) | flat({"launch": launch}), "value")


def _curve(curve: list[dict[str, float]]) -> str:
    lines = ["## Curve", "", f"![What the training told, step by step]({CURVE})", ""]
    lines += ["| mean over a tenth of the steps | first | last |", "|---|---|---|"]
    for name in dict.fromkeys(name for point in curve for name in point if name not in PLACES):
        first, last = map(fmean, ends([point[name] for point in curve if name in point]))
        lines.append(f"| {text(name)} | {_number(first)} | {_number(last)} |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1_000 else f"{value:,.0f}"


def _cost(row: Mapping[str, Any], metrics: Mapping[str, Any], curve: list[dict[str, float]]) -> str:
    memory = row["peak_memory_bytes"]
    spent = {
        "steps": row["steps"],
        "tokens read": f"{curve[-1]['tokens']:,.0f}",
        "seconds of training": f"{row['elapsed_s']:,.0f}",
        "GPU-hours": _number(row["gpu_hours"]),
        "peak memory of the trainer, GiB": f"{memory / 2**30:.1f}" if memory else "not measured",
        "device": metrics["device"],
        **metrics["versions"],
    }
    return table("Cost", spent, "value")
