"""Freed memory stays with a process that asks for it."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from benchmark.training.memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
torch.set_num_threads(1)
def step():
    for _ in range(4):
        torch.ones(1 << 24)
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc's")
def test_large_blocks_are_reused() -> None:
    faults = {
        kind: int(subprocess.check_output([sys.executable, "-c", FAULTS, kind]))
        for kind in ("returned", "kept")
    }
    assert faults["kept"] < faults["returned"] / 10
