import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from r1data import paths, process
from r1data.generate.engines.vllm_process import environment, out_of_memory
from r1data.text import thought

CUDA = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
ALLOCATOR = "RuntimeError: DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."
KV = "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`."
ON_CPU = "ValueError: Available memory on node 0 on kv cache allocation is less than requested memory for kv."
TOO_SMALL = "ValueError: 0.5 GiB KV cache is needed, which is larger than the available KV cache memory."


@pytest.mark.parametrize(
    ("line", "found"),
    [
        *((line, True) for line in (CUDA, ALLOCATOR, KV, ON_CPU, "MemoryError")),
        ("(Worker pid=1) ERROR 01-01 00:00:00 [core.py:1] RuntimeError: could not create a primitive", True),
        ("RuntimeError: ScratchPadManager: aligned_alloc failed for size 2101248", True),
        ("terminate called after throwing an instance of 'std::bad_alloc'", True),
        (TOO_SMALL, False),
        ("ValueError: Unknown architecture.", False),
        ("INFO prompt: 'Why does my program run out of memory?'", False),
    ],
)
def test_a_log_tells_whether_memory_ran_out(line, found):
    assert (out_of_memory(["INFO Loading.", line, "INFO Bye."]) is not None) is found


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be told apart here")
def test_ranks_share_the_cores_and_each_has_one(monkeypatch):
    monkeypatch.delenv("VLLM_CPU_OMP_THREADS_BIND", raising=False)
    cores = sorted(os.sched_getaffinity(0))
    for ranks in (2, len(cores), len(cores) + 1):
        shares = environment(ranks)["VLLM_CPU_OMP_THREADS_BIND"].split("|")
        assert len(shares) == ranks and all(shares)
        if ranks <= len(cores):
            assert sorted(int(core) for share in shares for core in share.split(",")) == cores


def test_a_limit_of_cpu_time_bounds_threads_and_binds_none(monkeypatch, tmp_path):
    monkeypatch.delenv("VLLM_CPU_OMP_THREADS_BIND", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(process, "CPU_LIMIT", tmp_path / "cpu.max")
    n_all = process.cores()
    for limit, n in (("max 100000", n_all), (f"{n_all}00000 100000", n_all), ("50000 100000", 1)):
        (tmp_path / "cpu.max").write_text(f"{limit}\n")
        assert process.cores() == n
        for ranks in (1, 2):
            threads = environment(ranks)
            if ranks == 1 or n < n_all:
                assert threads["VLLM_CPU_OMP_THREADS_BIND"] == "nobind"
                assert threads["OMP_NUM_THREADS"] == str(max(1, n // ranks))
            else:
                assert "OMP_NUM_THREADS" not in threads


def test_threads_that_a_person_bound_stay_where_they_are(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("VLLM_ENABLE_V1_MULTIPROCESSING", raising=False)
    monkeypatch.delenv("VLLM_CPU_OMP_THREADS_BIND", raising=False)
    assert environment(1)["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0", "within the process that binds none"
    monkeypatch.setenv("VLLM_CPU_OMP_THREADS_BIND", "0")
    bound = environment(1)
    assert bound["VLLM_CPU_OMP_THREADS_BIND"] == "0"
    assert not {"OMP_NUM_THREADS", "VLLM_ENABLE_V1_MULTIPROCESSING"} & set(bound)


class Parent:
    """The process of `vllm_parent.py`."""

    def __init__(self, model, folder):
        self.errors = folder / "stderr"
        command = [sys.executable, str(Path(__file__).with_name("vllm_parent.py")), str(model)]
        with self.errors.open("w") as sink:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
                env=os.environ | {"DAGSTER_HOME": str(folder), "PYTHONPATH": str(paths.PROJECT)},
            )
        self.started = self.told()

    def told(self):
        line = self.process.stdout.readline()
        assert line, self.errors.read_text()
        return json.loads(line)

    def do(self, word):
        print(word, file=self.process.stdin, flush=True)
        return self.told()

    def family(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def named(self, word):
        return next(process for process in self.family() if word in process.name())

    def close(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def parent(embedded_model, tmp_path_factory):
    """A vLLM whose first start found too little memory, in a process that a test may kill."""
    started = Parent(embedded_model.path, tmp_path_factory.mktemp("parent"))
    yield started
    started.close()


LIMITS = pytest.mark.skipif(not hasattr(psutil, "RLIMIT_DATA"), reason="memory cannot be limited here")


@LIMITS
@pytest.mark.slow
def test_an_engine_that_finds_too_little_memory_starts_with_half_its_slots(parent):
    assert parent.started == {"slots": 8}
    said = parent.errors.read_text()
    assert said.count("vLLM ran out of memory; starting it again with max_num_seqs = 8") == 1


@LIMITS
@pytest.mark.slow
def test_what_was_in_flight_when_memory_ran_out_comes_back_once_from_a_smaller_engine(parent):
    worker = parent.named("EngineCore")
    status = Path(f"/proc/{worker.pid}/status").read_text()
    used = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData"))
    worker.rlimit(psutil.RLIMIT_DATA, (used * 1024 + 2**23, psutil.RLIM_INFINITY))
    found = parent.do("ask")
    assert set(found["times"].values()) == {1} and len(found["times"]) == 20
    assert found["slots"] == 4 and not worker.is_running()
    assert found["counters"]["completion_tokens"] == found["completion_tokens"]
    # The template opens the thought and 16 tokens do not finish it: an open thought, and no answer.
    assert all(text.startswith("<think>\n") for text in found["texts"])
    assert {thought(text).answer_start for text in found["texts"] if "</think>" not in text} == {None}


@LIMITS
@pytest.mark.slow
def test_every_process_of_the_engine_is_gone_within_10_s_of_its_parents_kill_9(parent):
    assert parent.do("flood")["pending"] > 0
    family = parent.family()
    assert len(family) >= 3  # supervisor, child, engine core
    parent.named("EngineCore").send_signal(signal.SIGSTOP)  # it cannot even obey
    parent.close()
    left = psutil.wait_procs(family, 10)[1]
    assert [process for process in left if process.status() != psutil.STATUS_ZOMBIE] == []
