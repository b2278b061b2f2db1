"""Precision, order of memory and repeatability are settings of a run, and do what they say."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from benchmark.data.loading import TrainingLoader
from benchmark.errors import UserError
from benchmark.evaluation.ranking.distance import full_precision
from benchmark.models.digests import digest
from benchmark.registry import PAIR_OBJECTIVES, PROXY_OBJECTIVES, names
from benchmark.run_config import RunConfig
from benchmark.suite.plan import plan
from benchmark.training import train
from benchmark.training.arithmetic import arithmetic, arrange
from benchmark.training.building import build_model, build_optimiser, load_dataset
from benchmark.training.hooks.record import Progress
from tests.training.small_runs import configured, keep_in

WAITING = ("_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "_unique2", "equal")
"""What makes the CPU wait for a GPU: its result, or the size of it, is needed at once."""


class NothingWaits(TorchDispatchMode):
    """Refuses what would make the CPU wait for a GPU."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        masked = name in ("index", "index_put", "index_put_") and any(
            isinstance(index, Tensor) and index.dtype == torch.bool for index in args[1]
        )
        if name in WAITING or masked:
            raise AssertionError(f"a GPU would be waited for: {func}")
        return func(*args, **(kwargs or {}))


def built(config: RunConfig) -> tuple[Any, Any, Any]:
    """The model of a run with its optimiser and a batch, ready for a step."""
    dataset = load_dataset(config)
    model = build_model(config, dataset.classes)
    arrange(model, config)
    model.loss.check_labels = False
    model.loss.progress = 0.0
    batch = next(iter(TrainingLoader(dataset.train, **dict(config.sampler), seed=0)))
    return model.train(), build_optimiser(config, model), batch


OBJECTIVES = [
    # SoftTriple looks at its labels where they are on a CPU, and margin at how many are positive.
    *(("norm_softmax", name) for name in names(PROXY_OBJECTIVES) if name != "soft_triple"),
    *(("multi_similarity", name) for name in names(PAIR_OBJECTIVES)),
]


@pytest.mark.parametrize(("like", "objective"), OBJECTIVES)
def test_a_step_waits_for_no_gpu(like: str, objective: str) -> None:
    config = configured(like, "baseline", f"objective.type={objective}")
    model, optimiser, batch = built(config)
    number = int(model.loss.step)  # which stays on the CPU
    with NothingWaits(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(model.loss), "_begin_step", lambda loss: number)
        loss = model.train_step(batch, optimiser)["loss"]
    assert torch.isfinite(loss)


def test_the_mode_finds_what_waits() -> None:
    with NothingWaits():
        for waiting in (lambda x: x.sum().item(), lambda x: x[x > 0], lambda x: bool(x.any())):
            with pytest.raises(AssertionError, match="waited for"):
                waiting(torch.ones(3))


def test_the_step_stays_on_the_cpu() -> None:
    model, _, _ = built(configured("norm_softmax", "baseline"))
    model.to("meta")
    assert model.loss.step.device.type == "cpu" and model.loss.proxies.device.type == "meta"


def test_convolutions_have_channels_last_unless_told_otherwise() -> None:
    for order, last in (("channels_last", True), ("contiguous", False)):
        config = configured("norm_softmax", "baseline", f"memory_format={order}")
        model, optimiser, batch = built(config)
        model.train_step(batch, optimiser)
        weight = model.backbone.stages[3].weight
        assert weight.is_contiguous(memory_format=torch.channels_last) == last
        # A fused optimiser goes through both by their place in memory.
        assert optimiser.optimizer.state[weight]["exp_avg"].stride() == weight.stride()


def test_orders_of_memory_and_fused_optimisers_give_the_same_step() -> None:
    weights = []
    for changes in ([], ["memory_format=contiguous"], ["optimiser.fused=false"]):
        model, optimiser, batch = built(configured("norm_softmax", "dam", *changes))
        model.double()
        batch["images"] = batch["images"].double()
        for _ in range(3):
            model.train_step(batch, optimiser)
        weights.append({name: value.clone() for name, value in model.named_parameters()})
    for other in weights[1:]:
        for name, value in weights[0].items():
            torch.testing.assert_close(other[name], value, rtol=1e-9, atol=1e-11)


def test_fused_is_written_down_where_torch_has_it() -> None:
    for kind, fused in (("AdamW", True), ("SGD", True), ("Adadelta", None)):
        config = configured("norm_softmax", "baseline", f"optimiser.type={kind}")
        assert config.optimiser.options.get("fused") is fused
    own = configured("norm_softmax", "baseline", "optimiser.foreach=True")
    assert "fused" not in own.optimiser.options


@pytest.mark.parametrize("objective", ["norm_softmax", "multi_similarity"])
def test_16_bits_reach_the_network_and_not_the_loss(objective: str) -> None:
    model, optimiser, batch = built(configured(objective, "dam", "precision=bf16"))
    seen = {}
    model.backbone.register_forward_hook(lambda *it: seen.update(map=it[2].dtype))
    loss = model.train_step(batch, optimiser)["loss"]
    assert seen == {"map": torch.bfloat16} and loss.dtype == torch.float32
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in model.parameters())
    model.eval()(batch["images"])
    assert seen == {"map": torch.float32}


def test_in_16_bits_keeping_all_elements_is_the_baseline() -> None:
    ends = []
    for arm, changes in (("baseline", []), ("dam", ["similarity.type=dam", "similarity.rule=all"])):
        model, optimiser, batch = built(configured("norm_softmax", arm, "precision=bf16", *changes))
        for _ in range(2):
            model.train_step(batch, optimiser)
        ends.append(digest(model))
    assert ends[0] == ends[1]


def test_precisions_of_gpus_are_refused_on_a_cpu() -> None:
    for precision in ("tf32", "fp16"):
        with pytest.raises(UserError, match=f"precision={precision} needs a GPU"):
            plan("smoke", overrides=[f"precision={precision}"], device="cpu")


def test_switches_follow_the_configuration_and_are_put_back() -> None:
    config = configured("norm_softmax", "baseline")
    cuda, cudnn = torch.backends.cuda, torch.backends.cudnn

    def switches() -> list[bool]:
        deterministic = torch.are_deterministic_algorithms_enabled()
        return [deterministic, cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32]

    before = switches(), torch.get_num_threads()
    for deterministic in (False, True):
        with arithmetic(config.model_copy(update={"deterministic": deterministic})):
            assert switches() == [deterministic, deterministic, not deterministic, False]
    with arithmetic(config.model_copy(update={"precision": "tf32", "threads": 3})):
        assert cudnn.allow_tf32 and cuda.matmul.allow_tf32 and torch.get_num_threads() == 3
        with full_precision():  # as ranks do, in between
            assert not cuda.matmul.allow_tf32
        assert cuda.matmul.allow_tf32
    with full_precision():  # refused where the switch was set in two ways
        assert not cuda.matmul.allow_tf32
    assert (switches(), torch.get_num_threads()) == before


def test_training_leaves_them_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_in(monkeypatch, tmp_path)
    seen = []

    def report(progress: Progress) -> None:
        seen.append(torch.are_deterministic_algorithms_enabled())
        raise InterruptedError

    with pytest.raises(InterruptedError):
        train(configured("norm_softmax", "baseline"), tmp_path, report)
    assert seen == [True] and not torch.are_deterministic_algorithms_enabled()
