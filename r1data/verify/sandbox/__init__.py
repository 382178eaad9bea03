"""A sandbox for untrusted programs.

with Sandbox() as sandbox:
    for outcome in sandbox.run("def f(x): return x + 1", [Test(expression="f(*arguments)", arguments=[1])]):
        outcome.status, outcome.value  # ("finished", 2)

A program sees an empty environment, the interpreter's own folders (read-only) and an empty work folder of
bounded size. It has no network, starts no other program, and its CPU time, memory, threads, files and
output are bounded; nothing of it outlives its test. Its value comes back as plain data, and a test never
holds what is expected of it.

What this does not protect against: a flaw in the kernel; timing of the processor's caches; a program that
lies about its own value, which is why values are compared outside. Python and its packages can be read. The
back-end `unsafe` has limits only. Architectures other than x86-64 and aarch64 are refused; aarch64 has
never been run.
"""

from r1data.verify.sandbox.outcome import STATUSES, Limits, Outcome, Test
from r1data.verify.sandbox.sandbox import Sandbox

__all__ = ["STATUSES", "Limits", "Outcome", "Sandbox", "Test"]
