"""Kill -9 at random steps of a training job: is there one model in the end, bit by bit that of a job that
nobody killed, and is a repeat a cache hit?

    python -m bench.kills                   # five kills, a few minutes
    python -m bench.kills --kills 10 --seed 1
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time

import psutil

from bench.toy import RECIPE, toy_home, toy_student, train
from r1data import paths
from r1data.lake import Lake
from r1data.recipe import Student, load_recipe
from r1data.train.job import PROGRESS

EPOCHS = 8


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="of the steps at which it is killed")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.once:
        train(Lake(), load_recipe(RECIPE), student())
        return
    with toy_home() as (lake, recipe):
        undisturbed = train(lake, recipe, student())
        shutil.rmtree(paths.students())
        chance, outlived = random.Random(wanted.seed), 0
        for _ in range(wanted.kills):
            outlived += killed_after(chance.randrange(1, undisturbed.row["steps"] // 2))
        again, repeat = train(lake, recipe, student()), train(lake, recipe, student())
        jobs = [path.parent for path in paths.students().glob("*/student.json")]
    print(f"steps: {again.row['steps']}, and {undisturbed.row['steps']} of the job that nobody killed")
    print(f"equal curves: {again.curve == undisturbed.curve}")
    print(f"equal weights: {again.row['revision'] == undisturbed.row['revision']}")
    print(f"models: {len(jobs)}; processes that outlived a kill: {outlived}; repeat cached: {repeat.cached}")


def student() -> Student:
    """The toy student with fewer epochs."""
    whole = toy_student("tiny")
    return whole.model_copy(update={"sft": whole.sft.model_copy(update={"epochs": EPOCHS})})


def killed_after(steps: int) -> int:
    """Start or resume the job in a process of its own, and kill that when so many steps were told; returns
    how many of its processes are left ten seconds later.
    """
    before = told()
    driver = subprocess.Popen([sys.executable, "-m", "bench.kills", "--once"], env=os.environ)
    while driver.poll() is None and told() < before + steps:
        time.sleep(0.02)
    began = psutil.Process(driver.pid).children(recursive=True) if driver.poll() is None else []
    driver.kill()
    driver.wait()
    print(f"killed after {told() - before} steps" if began else "it had ended", flush=True)
    return len(psutil.wait_procs(began, timeout=10)[1])


def told() -> int:
    """Steps that the job has told, repeated ones among them."""
    return sum(path.read_bytes().count(b"{") for path in paths.students().glob(f"*/{PROGRESS}"))


if __name__ == "__main__":
    main()
