"""The students of an ablation: one for each of its mixes and seeds, alike in all else.

>>> list(derived(Student(name="one", base="m", ablation=Ablation(mixes=("strict", "r1"), seeds=(0, 1, 2)))))
['one-strict-s0', 'one-strict-s1', 'one-strict-s2', 'one-r1-s0', 'one-r1-s1', 'one-r1-s2']
"""

from r1data.recipe.section import Word
from r1data.recipe.student import Ablation, Student


class AblationStudent(Student):
    """A student of one mix and one seed; its `ablation` says beside which mixes it stands."""

    ablation: Ablation
    of: Word
    """The student of recipes/students whose ablation it is a part of."""


def derived(student: Student) -> dict[str, AblationStudent]:
    """Students by name, `NAME-MIX-sSEED`; none without an ablation."""
    if not student.ablation:
        return {}
    found = {}
    for mix in student.ablation.mixes:
        for seed in student.ablation.seeds:
            name = f"{student.name}-{mix}-s{seed}"
            its_own = {"name": name, "mix": mix, "seed": seed, "of": student.name}
            found[name] = AblationStudent.model_validate(student.model_dump() | its_own)
    return found
