"""How a run computes: its precision, the order of its memory, and whether it is repeatable.

All four settings stand in the configuration, as each can change a result: `precision`,
`memory_format`, `deterministic` and `compile`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import torch
import torch.utils.deterministic
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import nn

from benchmark.models.retrieval import RetrievalModel
from benchmark.run_config import Precision, RunConfig

# cuBLAS reads it when its first product is made, and repeats itself only with it.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

Given = ParamSpec("Given")
Result = TypeVar("Result")

HALF: dict[Precision, torch.dtype] = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""The precisions in which the network computes with 16 bits; its weights have 32."""
FUSED = ("Adam", "AdamW", "SGD")
"""Optimisers that torch computes in one pass over the parameters, on CPUs too."""


def _set_switches(config: RunConfig) -> None:
    tf32 = config.precision == "tf32"
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = not config.deterministic
    torch.backends.cudnn.deterministic = config.deterministic
    torch.use_deterministic_algorithms(config.deterministic)
    # It fills what is allocated with NaN, which costs time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.set_num_threads(config.threads)


@contextmanager
def arithmetic(config: RunConfig) -> Iterator[None]:
    """torch's switches as the configuration has them; after the block, as they were before."""
    cudnn, threads = torch.backends.cudnn, torch.get_num_threads()
    before = cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic
    # Ranks set it too: a switch that is set in two ways is an error when torch next reads it.
    products = torch.get_float32_matmul_precision()
    deterministic = torch.are_deterministic_algorithms_enabled()
    _set_switches(config)
    try:
        yield
    finally:
        cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic = before
        torch.set_float32_matmul_precision(products)
        torch.use_deterministic_algorithms(deterministic)
        torch.set_num_threads(threads)


def computed_as_configured(
    work: Callable[Concatenate[RunConfig, Given], Result],
) -> Callable[Concatenate[RunConfig, Given], Result]:
    """Let a function on a configuration compute as that says, and torch as before after it."""

    @wraps(work)
    def computed(config: RunConfig, *given: Given.args, **named: Given.kwargs) -> Result:
        with arithmetic(config):
            return work(config, *given, **named)

    return computed


def arrange(model: RetrievalModel, config: RunConfig) -> None:
    """Let the model compute in the configuration's precision and order of memory, compiled or not.

    The loss stays in 32 bits, and so do the features of test images.
    """
    model.training_dtype = HALF.get(config.precision)
    if config.memory_format == "channels_last":
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                weight = module.weight
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    if config.compile:
        # The module itself, so that its parameters keep their names.
        model.backbone.compile()


def wrapper(optimiser: torch.optim.Optimizer, precision: Precision) -> OptimWrapper:
    """mmengine's wrapper of an optimiser; for fp16 with a scaler of the loss."""
    if precision == "fp16":
        return _ScaledOptimWrapper(optimizer=optimiser, dtype="float16")
    return OptimWrapper(optimiser)


def with_fused(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """An optimiser's options, fused where torch can and they don't say otherwise."""
    said = {"fused", "foreach", "differentiable", "capturable"} & options.keys()
    return options if said or kind not in FUSED else options | {"fused": True}


class _ScaledOptimWrapper(AmpOptimWrapper):
    """mmengine's wrapper with a scaler; the model itself says what is computed in 16 bits."""

    def optim_context(self, model: nn.Module) -> Any:
        """The plain wrapper's context, without autocast around the loss."""
        return OptimWrapper.optim_context(self, model)
