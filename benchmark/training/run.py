"""One run: from a resolved configuration to weights, metrics and a record of both."""

import hashlib
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import mmengine.runner
import torch
from mmengine.hooks import CheckpointHook
from safetensors.torch import save_file
from torch import nn

from benchmark.data.loading import TrainingLoader
from benchmark.evaluation import Distance, evaluate
from benchmark.training.building import (
    Config,
    build_model,
    build_optimiser,
    build_schedule,
    load_dataset,
)
from benchmark.training.hooks import (
    EpochHook,
    Progress,
    ProgressHook,
    RecordHook,
    ResumeHook,
)

EVALUATION_BATCH = 256


class Runner(mmengine.runner.Runner):
    """mmengine's Runner on the device that the configuration names."""

    def __init__(self, device: str, **options: Any) -> None:
        self.device = device
        super().__init__(**options)

    def wrap_model(self, model_wrapper_cfg: Any, model: nn.Module) -> nn.Module:
        """Move the model; mmengine takes a GPU wherever there is one."""
        return model.to(self.device)

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        """environment.json says it already, without asking every compiler for its version."""


def digest(module: nn.Module, without: tuple[str, ...] = ()) -> str:
    """SHA-256 of a module's parameters and buffers, names included.

    Those whose names begin with one of `without` are left out.
    """
    sha = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        if name.startswith(without):
            continue
        sha.update(name.encode())
        sha.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return sha.hexdigest()


def train(
    config: Config, folder: Path, report: Callable[[Progress], None], loaders: int = 0
) -> dict[str, Any]:
    """Train and evaluate one run; go on from its last checkpoint where one lies in `folder`.

    `loaders` processes decode images ahead; the result is the same with any number of them.

    Writes `weights.safetensors` and `log.txt` into `folder` and returns what `result.json` is to
    hold. Both evaluations, before the first step and after the last, compare features as the
    objective does, by cosine or Euclidean distance. Nothing is chosen on the test
    half: the metrics are the last epoch's.
    """
    started = time.perf_counter()
    torch.set_num_threads(config["threads"])
    dataset = load_dataset(config)
    model = build_model(config, dataset.classes)
    loader = TrainingLoader(
        dataset.train, **config["sampler"], seed=config["seed"], workers=loaders
    )
    optimiser = build_optimiser(config, model)

    distance = cast("Distance", model.loss.metric)

    def measure() -> dict[str, float]:
        return evaluate(
            model,
            dataset,
            distance=distance,
            batch_size=EVALUATION_BATCH,
            device=config["device"],
            workers=loaders,
            nmi=config["nmi"],
        ).metrics

    record = RecordHook(report)
    # What an arm attaches has weights that its baseline lacks.
    shared = digest(model, without=("rivals.",))
    kept: dict[str, Any] = {"initial_weights": shared, "untrained": {}}
    work = folder / "training"
    runner = Runner(
        device=config["device"],
        model=model,
        work_dir=str(work),
        train_dataloader=loader,
        train_cfg={"by_epoch": True, "max_epochs": config["epochs"]},
        optim_wrapper=optimiser,
        param_scheduler=build_schedule(config, optimiser, len(loader)),
        default_hooks={
            "checkpoint": CheckpointHook(interval=1, max_keep_ckpts=2),
            "sampler_seed": None,
        },
        custom_hooks=[
            EpochHook(),
            ProgressHook(config["schedule"]["frozen"]),
            record,
            ResumeHook(record, kept),
        ],
        randomness={"seed": config["seed"]},
        # mmengine shares loggers between runners of one name, which it dates to the second.
        experiment_name=f"{folder.name}_{time.time_ns()}",
        log_level=logging.INFO,
        resume=(work / "last_checkpoint").exists(),
    )
    if not (work / "last_checkpoint").exists():
        kept["untrained"] = measure()
    runner.train()
    trained = time.perf_counter()
    metrics = measure()
    evaluated = time.perf_counter()
    _keep(model, work, folder)
    split_sizes = {
        "train_classes": dataset.classes,
        "train_images": len(dataset.train.labels),
        "query_images": len(dataset.query.labels),
        "gallery_images": len((dataset.gallery or dataset.query).labels),
    }
    return {
        "state": "finished",
        "metrics": metrics,
        "untrained": kept["untrained"],
        "history": record.history,
        "digests": {
            "initial_weights": kept["initial_weights"],
            "batches": record.batches,
            "final_weights": digest(model),
        },
        "dataset": {
            "name": dataset.name,
            "protocol": dataset.protocol,
            "note": dataset.note,
            **split_sizes,
        },
        "timing": {
            "train_s": sum(epoch["seconds"] for epoch in record.history),
            "evaluate_s": evaluated - trained,
            "total_s": evaluated - started,
        },
    }


def _keep(model: nn.Module, work: Path, folder: Path) -> None:
    """Keep the last weights and the log; the checkpoints have served their purpose."""
    beside = folder / ".weights.safetensors"
    weights = {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, beside)
    beside.replace(folder / "weights.safetensors")
    logs = [log.read_text(encoding="utf-8") for log in sorted(work.glob("*/*.log"))]
    (folder / "log.txt").write_text("".join(logs), encoding="utf-8")
    shutil.rmtree(work)
