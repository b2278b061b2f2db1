"""Freed memory stays with a process that asks for it."""

import mmap
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import configured, finished

from benchmark.training.memory import Peak

FAULTS = """
import resource, sys
import torch
from benchmark.training.memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
torch.set_num_threads(1)
def step():
    for _ in range(4):
        torch.ones(10 << 20)  # 40 MB, above the 32 MB that malloc keeps at most by itself
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
step()
print(min(faults() for _ in range(2)))  # a system that is short of memory takes some away
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc's")
def test_large_blocks_are_reused() -> None:
    faults = {
        kind: int(subprocess.check_output([sys.executable, "-c", FAULTS, kind]))
        for kind in ("returned", "kept")
    }
    assert faults["kept"] < faults["returned"] / 10


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="a file of Linux's")
def test_the_peak_counts_from_its_beginning() -> None:
    peak = Peak("cpu")
    before = peak.reached()
    assert before is not None
    with mmap.mmap(-1, 160_000_000) as pages:  # gone at once, whatever malloc keeps
        for page in range(0, len(pages), mmap.PAGESIZE):
            pages[page] = 1
    after = peak.reached()
    assert after is not None
    assert 120e6 < after - before < 400e6
    later = Peak("cpu").reached()
    assert later is not None
    assert later < after - 100e6


def test_a_run_stores_its_peak(tmp_path: Path) -> None:
    changes = ("epochs=1", "schedule.warmup=0", "dataset={'type': 'noise'}")
    result, _ = finished(configured("norm_softmax", "baseline", *changes), tmp_path / "run")
    assert set(result["memory"]) <= {"train_peak"}
    assert all(10e6 < one < 1e12 for one in result["memory"].values())
