"""Registers and spilled registers of DAM's kernels, as they were compiled for this GPU.

It needs torch alone, and triton.
"""

import importlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

from benchmark.bench.gpu.checks import Check, Conditions, Task, at_most, not_measured
from benchmark.bench.gpu.kernels import DIMS, RULES
from benchmark.dam import pair_similarity, proxy_similarity

FAMILIES = ("triton_proxy", "triton_pair")


def tasks(conditions: Conditions) -> Iterator[Task]:
    """Every kernel with every rule at the narrowest and the widest rows, and all met before."""
    if not conditions.is_gpu:
        why = "there is no GPU here"
        yield Task("kernels", lambda: [not_measured("registers and spills", why)])
        return
    yield Task("kernels", partial(_kernels, conditions.device))


def _kernels(device: str) -> Iterator[Check]:
    for dim in (DIMS[2], DIMS[-1]):
        _compile(dim, device)
    found: dict[str, list[dict[str, Any]]] = {}
    for name, settings, made in _compiled():
        # Triton loads a kernel, and counts its registers, before its first launch.
        made._init_handles()
        numbers = {"registers": made.n_regs, "spills": made.n_spills}
        found.setdefault(name, []).append({"settings": settings} | numbers)
    for name, versions in found.items():
        worst = max(versions, key=lambda one: (one["spills"], one["registers"]))
        yield at_most(
            f"{name}, {len(versions)} versions: spilled registers", worst["spills"], 0,
            f"at most {worst['registers']} registers, with {worst['settings']}", versions=versions,
        )  # fmt: skip


def _compile(dim: int, device: str) -> None:
    features = torch.randn(8, dim, device=device, requires_grad=True)
    others = torch.randn(5, dim, device=device, requires_grad=True)
    labels = torch.arange(8, device=device) % 5
    of_others = torch.arange(5, device=device)
    for rule in RULES:
        S = [proxy_similarity(features, others, labels, rule)]
        S += [
            pair_similarity(
                features, labels, rule, 0.8, similarity,
                references=others, reference_labels=of_others,
            )
            for similarity in ("masked_distance", "masked_cosine")
        ]  # fmt: skip
        torch.autograd.backward([one.sum() for one in S])


def _compiled() -> Iterator[tuple[str, str, Any]]:
    """The name of each kernel, its settings, and what triton compiled, in this process."""
    from triton.runtime.jit import JITFunction

    for family in FAMILIES:
        module = importlib.import_module(f"benchmark.dam.kernels.{family}")
        for name, function in vars(module).items():
            if not isinstance(function, JITFunction) or not name.endswith("_kernel"):
                continue
            for cache in function.device_caches.values():
                for made in cache[0].values():
                    yield (
                        f"{family.removeprefix('triton_')} {name}",
                        _settings(function, made),
                        made,
                    )


def _settings(function: Any, made: Any) -> str:
    """What a kernel was compiled for, in words."""
    constants = {"warps": made.metadata.num_warps}
    for place, value in made.src.constants.items():
        name = function.arg_names[place[0]] if isinstance(place, tuple) else str(place)
        if name.isupper() and len(name) > 1:
            constants[name] = value
    return ", ".join(f"{key} = {value}" for key, value in sorted(constants.items()))
