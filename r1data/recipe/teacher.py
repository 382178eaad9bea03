"""A teacher: a model, and everything else that changes what it writes."""

from typing import Any

from pydantic import Field

from r1data.recipe.section import Section, Word


class FewShot(Section):
    """A worked example that is shown before the prompt."""

    family: str | None = None
    """Shown only to prompts of this family; without it, to prompts whose family has no few-shots of its
    own.
    """
    prompt: str
    reasoning: str | None = None
    """Without it, the example is an answer without a thought."""
    answer: str


class FewShots(Section):
    """A file of few-shots."""

    few_shots: tuple[FewShot, ...] = Field(min_length=1)


class Sampling(Section):
    """How tokens are drawn; every value is explicit, so a model's own defaults never apply."""

    temperature: float = Field(default=1.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=-1, ge=-1)
    min_p: float = Field(default=0.0, ge=0, le=1)
    stops: tuple[str, ...] = ()


class Teacher(Section):
    """The model that writes rollouts. Its id covers all fields but `name`, `terms` and `allow_model_code`;
    of `few_shots_file` it covers the content."""

    name: Word
    """Name of its file."""
    model: str
    """`embedded:smollm2-135m-instruct`, a model folder, or a hub id."""
    revision: str | None = None
    """Hub revision; an embedded model or a folder is named by the hash of its weights."""
    quantisation: str | None = None
    chat_template: str | None = None
    """Jinja text that replaces the model's own template."""
    system_prompt: str | None = None
    prefill: str | None = None
    """Text that every completion starts with, such as `<think>` and a line break."""
    thinking: bool | None = None
    """The chat template's own thinking switch, where it has one."""
    thought_marks: tuple[str, str] = ("<think>", "</think>")
    """What opens and closes its thought; both may be the same, as in R1's cold start: `|special_token|`.
    Rollouts are stored with `<think>` and `</think>` in their place.
    """
    direct_families: tuple[str, ...] = ()
    """Families whose prompts are asked for an answer without a thought: the thinking switch is off, and
    neither the prefill nor the thoughts of few-shots are used. `simple` and `general` are the families of
    prompts of domain general that have none of their own. A server whose template opens a thought whatever
    the switch says still gets one.
    """
    allow_model_code: bool = False
    """Load a model folder that brings code of its own or pickled weights, which run with your rights."""
    terms: str | None = None
    """Licence or terms under which its completions may be used."""
    sampling: Sampling = Sampling()
    few_shots: tuple[FewShot, ...] = ()
    few_shots_file: str | None = None
    """A TOML file with further [[few_shots]], from the teacher's folder, so that teachers can share them."""

    def shots(self, family: str | None) -> tuple[FewShot, ...]:
        """The few-shots that a prompt of `family` is shown: its own, else those without a family."""
        own = tuple(shot for shot in self.few_shots if shot.family == family and family is not None)
        shown = own or tuple(shot for shot in self.few_shots if shot.family is None)
        if not self.is_direct(family):
            return shown
        return tuple(shot.model_copy(update={"reasoning": None}) for shot in shown)

    def is_direct(self, family: str | None) -> bool:
        """Whether prompts of a family are asked for an answer without a thought."""
        return family in self.direct_families

    def identity(self, *, revision: str, chat_template: str) -> dict[str, Any]:
        """Every input of the teacher's id; `revision` and `chat_template` are those of the model as found."""
        silent = {"name", "terms", "allow_model_code", "few_shots_file"}
        for name in ("thought_marks", "direct_families"):
            if getattr(self, name) == Teacher.model_fields[name].default:
                silent.add(name)  # so that a teacher that does not use it keeps its id
        own = self.model_dump(mode="json", exclude=silent)
        return own | {"revision": revision, "chat_template": chat_template}
