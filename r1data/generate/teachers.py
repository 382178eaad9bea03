"""The row that keeps every input of a teacher's identity."""

from dataclasses import replace

import orjson
import polars as pl

from r1data import ids
from r1data.errors import ConfigError
from r1data.generate.models import ModelFolder, resolve
from r1data.recipe import Teacher
from r1data.schema import TABLES


def model_of(teacher: Teacher) -> ModelFolder:
    """The teacher's model as it is on this machine; code that it brings only if the teacher allows it.

    Raises:
        ConfigError, OfflineError, InputError: see `resolve`.
    """
    return resolve(teacher.model, teacher.revision, allow_code=teacher.allow_model_code)


def with_template(model: ModelFolder, teacher: Teacher) -> ModelFolder:
    """The model as this teacher uses it: with the teacher's chat template, if it has one.

    Raises:
        ConfigError: neither has a chat template.
    """
    template = teacher.chat_template or model.chat_template
    if template is None:
        raise ConfigError(
            f"{teacher.model} brings no chat template. Give one: `chat_template` of teacher {teacher.name}."
        )
    return replace(model, chat_template=template)


def teacher_row(teacher: Teacher, model: ModelFolder, night: str) -> pl.DataFrame:
    """One row of table `teachers`; its `teacher_id` names the teacher.

    Args:
        teacher: as the recipe describes it.
        model: the model that `teacher.model` resolves to.
        night: the first night on which it is asked, YYYY-MM-DD.
    """
    template = with_template(model, teacher).chat_template or ""
    shots = [shot.model_dump() for shot in teacher.few_shots]
    sampling = teacher.sampling
    row = {
        "night": night,
        "teacher_id": ids.teacher_id(teacher.identity(revision=model.revision, chat_template=template)),
        "name": teacher.name,
        "model": teacher.model,
        "revision": model.revision,
        "quantisation": teacher.quantisation,
        "chat_template": template,
        "system_prompt": teacher.system_prompt,
        "few_shots": orjson.dumps(shots).decode(),
        "prefill": teacher.prefill,
        "thinking": teacher.thinking,
        "direct_families": list(teacher.direct_families),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "stops": list(sampling.stops),
        "terms": teacher.terms,
    }
    return pl.DataFrame([row], schema=TABLES["teachers"].schema, orient="row")
