"""A disk that is full: what was kept stays, the message says what to do, and the next run goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from r1data.lake import Lake

PROGRAM = """
import random, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import attempts_of
from r1data.errors import StorageError
from r1data.generate.engines.fake import FakeEngine
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.queue import Queue
from r1data.generate.rollout import recover, run
from r1data.lake import Lake
from r1data.recipe import Generate

folder, segment_bytes = Path(sys.argv[2]), int(sys.argv[3])
lake = Lake(folder / "lake")
publish = lambda frame: lake.append("rollouts", frame)
texts = [random.Random(i).randbytes(4800).hex() for i in range(50)]  # does not compress much
engine = FakeEngine(Generate(fake={"texts": texts}), resolve("fake:x"))
try:
    with Journal(folder / "j") as journal, engine:
        recover(journal, publish)
        stored = set(lake.scan("rollouts").select("rollout_id").collect()["rollout_id"])
        todo = (a for a in attempts_of(300) if a.request.rollout_id not in stored)
        run(Queue(todo), engine, journal, publish, segment_bytes=segment_bytes)
except StorageError as error:
    print(error)
    sys.exit(3)
"""
SCRIPT = """
set -e
mount -t tmpfs -o size=1500k tmpfs "$2"
status=0; "$0" -c "$PROGRAM" "$1" "$2" "$3" || status=$?
echo "first $status"
mount -o remount,size=500m "$2"
"$0" -c "$PROGRAM" "$1" "$2" "$3"
cp -r "$2/lake" "$4"
"""
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


def can_mount() -> bool:
    """Whether this user may have a mount namespace of its own."""
    return subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="no user namespaces here, so no small disk can be made")
@pytest.mark.parametrize(
    ("segment_bytes", "said"),
    [(10**9, "cannot be written: No space left on device"), (900_000, "could not be published")],
    ids=["journal", "lake"],
)
def test_a_full_disk_loses_nothing_that_was_kept_and_the_next_run_goes_on(tmp_path, segment_bytes, said):
    disk, copied = tmp_path / "disk", tmp_path / "copied"
    disk.mkdir()
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PROGRAM": PROGRAM, "PYTHONPATH": str(root)}
    command = [*NAMESPACE, "bash", "-c", SCRIPT, sys.executable, str(Path(__file__).parent), str(disk)]
    done = subprocess.run(
        [*command, str(segment_bytes), str(copied)], capture_output=True, text=True, env=environment, cwd=root
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "first 3" in done.stdout and said in done.stdout and "run again" in done.stdout, done.stdout
    rows = Lake(copied).scan("rollouts").collect()
    assert rows.height == rows["rollout_id"].n_unique() == 300
