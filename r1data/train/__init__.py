"""Training: a mix's rows → an immutable export → a student, once per run key.

`student.train_student` is the way in; `exports/` and `launchers/` are the places to add to; `sft.py` is
the heavy child.
"""
