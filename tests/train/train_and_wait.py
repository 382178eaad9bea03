"""Trains a student in a process that a test can kill: `python train_and_wait.py STUDENT_JSON BASE
EXPORT`.
"""

import sys
from pathlib import Path

from r1data.generate.models import resolve
from r1data.recipe import Student
from r1data.train.exports import read
from r1data.train.student import train_student

if __name__ == "__main__":
    train_student(
        Student.model_validate_json(sys.argv[1]),
        read(Path(sys.argv[3])),
        base=resolve(sys.argv[2]),
        recipe_name="test",
        mix="select 1",
    )
