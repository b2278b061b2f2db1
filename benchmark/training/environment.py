"""Under what a run was made: written beside its result."""

import hashlib
import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from benchmark.dam import kernels

UNKNOWN = "unknown"
"""The commit of code that isn't in a repository."""
CPU = Path("/proc/cpuinfo")
NUMBERS = {"family": "cpu family", "model": "model"}
"""Of a processor, by what a name calls them, as `CPU` does."""
LIBRARIES = ("torch", "torchvision", "mmengine", "numpy", "pillow")


def describe(device: str, threads: int) -> dict[str, Any]:
    """Device, threads, library versions, platform, and the commit of this code.

    `kernels` says what computes DAM's mappings on the device: triton, numba or torch.
    """
    return {
        "device_name": device_name(device),
        "threads": threads,
        "kernels": kernels.serving(torch.empty(1, 1, device=device)),
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
        "cudnn": torch.backends.cudnn.version() if device.startswith("cuda") else None,
        **commit(),
    }


def device_name(device: str) -> str:
    """What the device is called by its maker.

    A processor's name has its family, its model and the vector instructions that torch uses with
    it: virtual machines give one name to processors of several generations, whose results differ.
    """
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    try:
        lines = CPU.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    known = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    name = known.get("model name") or platform.processor() or platform.machine()
    numbers = [f"{key} {known[of]}" for key, of in NUMBERS.items() if known.get(of)]
    return ", ".join([name, *numbers, torch.backends.cpu.get_cpu_capability()])


def code_version() -> str:
    """The commit of this code; where it differs from the commit, with a digest of what it is.

    Two machines that have the same run the same code.
    """
    at = commit()
    if at.get("dirty") is False:
        return str(at["commit"])
    root = Path(__file__).parents[2]
    sha = hashlib.sha256()
    for package in ("baselines", "benchmark"):
        for path in sorted((root / package).rglob("*.py")):
            sha.update(f"{path.relative_to(root).as_posix()}\0".encode())
            sha.update(path.read_bytes())
    return f"{at['commit']}+{sha.hexdigest()[:12]}"


def commit() -> dict[str, Any]:
    """The commit that this code is at, and whether the tree differs from it (`dirty`)."""

    def git(*arguments: str) -> str | None:
        try:
            answer = subprocess.run(
                ["git", *arguments],
                cwd=Path(__file__).parent,
                capture_output=True,
                text=True,
                timeout=20,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return answer.stdout.strip()

    head = git("rev-parse", "--short=12", "HEAD")
    if head is None:
        return {"commit": UNKNOWN, "dirty": None}
    return {"commit": head, "dirty": bool(git("status", "--porcelain", "--untracked-files=no"))}
