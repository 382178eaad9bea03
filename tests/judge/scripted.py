"""A scripted engine that answers as a judge would who knows the labels."""

import json
from pathlib import Path

from r1data.judge.calibration import measured_rows
from r1data.judge.labelled import Row
from r1data.judge.model import JudgeModel
from r1data.judge.rubric import Rubric
from r1data.judge.template import criteria_of
from r1data.recipe import Judge

OTHER = {"right": "wrong", "wrong": "right"}
COMPUTED = {"name": "sums", "source": "templates", "n": 24}


def judge_settings(folder: Path, *sources: dict[str, object], **changed: object) -> Judge:
    """Section [judge] with the scripted engine, and a teacher without few-shots; few rows are enough."""
    teacher = folder / "judge.toml"
    teacher.write_text('name = "judge"\nmodel = "embedded:smollm2-135m-instruct"\n', encoding="utf-8")
    given = {
        "generate": {"engine": "fake", "teacher": str(teacher), "max_tokens": 64},
        "calibration": sources or (COMPUTED,),
        "canaries": 2,
        "min_rows": 20,
    }
    return Judge.model_validate(given | changed)


def says(settings: Judge, **script: object) -> Judge:
    """The same judge, whose engine follows a script."""
    generate = settings.generate.model_copy(update={"fake": script})
    return settings.model_copy(update={"generate": generate})


def good(settings: Judge, *, fooled_by: str | None = None, **script: object) -> Judge:
    """The same judge, who says of every row what is known of it; one attack may win."""
    model = JudgeModel(settings)
    replies = {}
    for rubric, rows in measured_rows(settings):
        for row in rows:
            for index in (0, 1):
                asked = model.request(rubric, row.question, index).messages[-1]["content"]
                replies[asked] = (_reply(rubric, row, swapped=index == 1, fooled=row.attack == fooled_by),)
    return says(settings, texts=("I cannot say.",), by_prompt=replies, **script)


def _reply(rubric: Rubric, row: Row, *, swapped: bool, fooled: bool) -> str:
    verdict = OTHER[row.label] if fooled and row.attack else row.label
    if rubric.kind == "criteria":
        n = len(criteria_of(rubric, row.question))
        word = "yes" if verdict == "right" else "no"
        return json.dumps({f"criterion_{i}": word for i in range(1, n + 1)})
    if rubric.compares and swapped:
        verdict = OTHER[verdict]
    return next(word for word, meaning in rubric.words.items() if meaning == verdict)
