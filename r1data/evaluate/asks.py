"""Who is asked what when a student is evaluated: it, its base and the night's teacher, by R1's protocol."""

from collections.abc import Iterator
from dataclasses import dataclass

from r1data.evaluate.attempts import Ask, Candidate
from r1data.generate.models import SCRATCH, ModelFolder, resolve
from r1data.generate.teachers import model_of, with_template
from r1data.recipe import Evaluate, Generate, Student, Teacher, load_teacher
from r1data.train.student import TrainedStudent

LOADS = ("vllm", "fake")
"""Engines that load the model they are given; the others only know their own."""
STUDENT, BASE, TEACHER, TEACHER_AS_RECIPE = "student", "base", "teacher", "teacher_as_recipe"


@dataclass(frozen=True)
class Asks:
    """All that a student's evaluation asks."""

    models: dict[str, Ask]
    """At the student's benchmark, by part: student, base, teacher, teacher_as_recipe; the student first, the
    others where there are such models.
    """
    side_effects: dict[str, tuple[Ask, Ask]]
    """By name of the set: the student and its base; nothing for a student from scratch."""

    def __iter__(self) -> Iterator[Ask]:
        yield from self.models.values()
        for pair in self.side_effects.values():
            yield from pair

    @property
    def how(self) -> Evaluate:
        """How the student is asked."""
        return self.models[STUDENT].how


def asks_of(student: Student, trained: TrainedStudent, generate: Generate) -> Asks:
    """Say who is asked what.

    The teacher is asked zero-shot like the student, and, if its recipe has a system prompt, few-shots, a
    prefill or a thinking switch, also as it was asked for the corpus: with these, its own sampling, and the
    night's caps. One that only replays completions can be asked nothing.

    Args:
        student: its recipe.
        trained: what was trained.
        generate: section of the night's recipe that says who taught.

    Raises:
        ConfigError, OfflineError, InputError: the base or the teacher is not on this machine.
    """
    how = student.evaluate
    engine = how.engine or (generate.engine if generate.engine in LOADS else "vllm")
    mine = Candidate(student.name, trained.model, trained.row["run_key"], trained.export, engine=engine)
    base = Candidate(student.base, resolve(student.base, student.revision), engine=engine)
    models = {STUDENT: Ask(mine, how), BASE: Ask(base, how)}
    sides = dict[str, tuple[Ask, Ask]]()
    if not student.base.startswith(SCRATCH):  # random weights have nothing to lose
        sides = {one.benchmark: (Ask(mine, one), Ask(base, one)) for one in _side_effects(how)}
    if how.teacher and generate.engine != "replay":
        teacher = load_teacher(generate.teacher)
        models |= _of_teacher(teacher, with_template(model_of(teacher), teacher), how, generate)
    return Asks(models, sides)


def _of_teacher(
    teacher: Teacher, model: ModelFolder, how: Evaluate, generate: Generate
) -> Iterator[tuple[str, Ask]]:
    yield TEACHER, Ask(Candidate(teacher.name, model, engine=generate.engine), how)
    if teacher.system_prompt or teacher.few_shots or teacher.prefill or teacher.thinking is not None:
        caps = {"max_tokens": generate.max_tokens, "context_tokens": generate.context_tokens}
        its_own = how.model_copy(update=caps | {"sampling": teacher.sampling})
        yield (
            TEACHER_AS_RECIPE,
            Ask(Candidate(teacher.name, model, teacher=teacher, engine=generate.engine), its_own),
        )


def _side_effects(how: Evaluate) -> Iterator[Evaluate]:
    caps = {"k": how.side_effects.k, "max_tokens": how.side_effects.max_tokens}
    for name in how.side_effects.sets:
        yield how.model_copy(update=caps | {"benchmark": name})
