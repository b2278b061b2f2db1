"""The Triton kernels: that they are right, and that they compile, without spills, without a GPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[3]


def run(arguments: list[str], **environment: str) -> str:
    """What a fresh Python prints, from which interpreted kernels are kept away."""
    inherited = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    answer = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=inherited | environment,
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout[-5000:] + answer.stderr[-5000:]
    return answer.stdout


def test_kernels_equal_the_definition() -> None:
    pytest.importorskip("triton")
    interpreted = {} if torch.cuda.is_available() else {"TRITON_INTERPRET": "1"}
    printed = run(["-m", "pytest", "tests/dam/kernels/triton_cases.py"], **interpreted)
    assert " passed" in printed


COMPILE = """
import re
import subprocess
import sys
from pathlib import Path
import triton
import triton.backends.nvidia
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from benchmark.dam.kernels import triton_pair, triton_proxy
from benchmark.dam.kernels.triton_selection import TILE, warps

# What ptxas spills lies on a kernel's stack, in local memory.
TOOL = Path(triton.backends.nvidia.__file__).parent / "bin" / "cuobjdump"
NUMBERS = {"B", "C", "D", "N", "count", "seed", "down", "across"}
INT32 = {"limit", "last", "size"}
INT64 = {
    "labels", "reference_labels", "numbers", "reference_numbers", "order", "begin", "end", "row",
}

def build(kernel, target, warps=4, **constants):
    def kind(name):
        if name in constants:
            return "constexpr"
        if name in NUMBERS:
            return "i32"
        return "*i32" if name in INT32 else "*i64" if name in INT64 else "*fp32"

    signature = {name: kind(name) for name in kernel.arg_names}
    source = ASTSource(kernel, signature, constants)
    options = {"num_warps": warps}
    made = triton.compile(source, target=GPUTarget("cuda", target, 32), options=options)
    cubin = Path(sys.argv[1]) / "kernel.cubin"
    cubin.write_bytes(made.asm["cubin"])
    used = subprocess.run(
        [TOOL, "-res-usage", cubin], capture_output=True, text=True, check=True
    ).stdout
    stack, local = re.search(r"STACK:([0-9]+).*LOCAL:([0-9]+)", used).groups()
    print(kernel.__name__, target, "stack", stack, "local", local)

for target, rule, width in (
    (75, "mean", 512), (80, "random", 512), (90, "quantile", 4096), (100, "inverse", 512),
):
    rules = {"RULE": rule}
    proxy = rules | {"RESCALE": True}
    row = {"WIDTH": width, "warps": warps(width)}
    build(triton_proxy.forward_kernel, target, **proxy, **row)
    build(triton_proxy.features_kernel, target, **proxy, **TILE)
    build(triton_proxy.proxies_kernel, target, **proxy, **TILE)
    for cosine in (False, True):
        build(triton_pair.forward_kernel, target, **rules, COSINE=cosine, **row)
        build(triton_pair.backward_kernel, target, **rules, COSINE=cosine, **TILE)
"""


def test_kernels_compile_for_gpus_without_one_and_spill_nothing(tmp_path: Path) -> None:
    pytest.importorskip("triton")
    lines = run(["-c", COMPILE, str(tmp_path)], TRITON_CACHE_DIR=str(tmp_path)).splitlines()
    assert len(lines) == 4 * 7
    assert [line for line in lines if not line.endswith(" stack 0 local 0")] == []
