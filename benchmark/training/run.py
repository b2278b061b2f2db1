"""One run: from a resolved configuration to weights, metrics and a record of both."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import PIL
import torch
from safetensors.torch import save_file
from torch import nn

from benchmark.data.cache_folder import cache_folder
from benchmark.data.loading import TrainingLoader
from benchmark.durable import staged, write_text
from benchmark.errors import UserError
from benchmark.evaluation import Evaluation, evaluate
from benchmark.evaluation.untrained import FOLDER as UNTRAINED
from benchmark.evaluation.untrained import untrained_evaluation
from benchmark.models.digests import digest
from benchmark.models.initial import load_initial
from benchmark.models.retrieval import RetrievalModel
from benchmark.run_config import RunConfig
from benchmark.training.arithmetic import arrange, computed_as_configured
from benchmark.training.building import (
    build_model,
    build_optimiser,
    build_schedule,
    load_inputs,
)
from benchmark.training.checkpoint import WORK, Checkpoints
from benchmark.training.data_record import data_facts, record_data
from benchmark.training.distributed import check_rivals, from_first, is_first, joined, share
from benchmark.training.elements import Elements, Quality, write_elements
from benchmark.training.environment import code_version, device_name
from benchmark.training.hooks.elements import ElementsHook
from benchmark.training.hooks.health import HealthHook, evaluation_warnings, some_features
from benchmark.training.hooks.record import (
    EpochHook,
    EvaluationHook,
    Progress,
    ProgressHook,
    RecordHook,
)
from benchmark.training.hooks.resume import CheckpointHook, Stateful, TrainLoop
from benchmark.training.hooks.track import Track, TrackHook
from benchmark.training.interruption import Interruption
from benchmark.training.memory import Peak
from benchmark.training.per_query import write_per_query
from benchmark.training.runner import Runner

EVALUATION_BATCH = 256
ONLY_TRAINING = {
    *("seed", "arm", "objective_name", "recipe", "objective", "similarity", "memory", "sampler"),
    *("optimiser", "proxy_rate", "schedule", "epochs", "init", "evaluate_every", "tuned"),
}
"""Keys of a configuration that change nothing before the first step but the initial weights."""
UNUSED_HOOKS = ("checkpoint", "sampler_seed", "runtime_info", "timer", "logger")
"""mmengine's own, some of which wait for the device in every step."""
CHECKPOINT_MINUTES = 10.0
"""Between two checkpoints within an epoch."""


@dataclass
class Beginning:
    """What is known before the first step, for a resumed run to report too."""

    initial_weights: str
    untrained: dict[str, float] = field(default_factory=dict)
    images: str = ""
    """The digest of those that the untrained network embedded."""

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.initial_weights, self.untrained = state["initial_weights"], state["untrained"]
        self.images = state["images"]


@computed_as_configured
def train(
    config: RunConfig,
    folder: Path,
    report: Callable[[Progress], None],
    loaders: int = 0,
    *,
    interruption: Interruption | None = None,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    track: Track | None = None,
    log: Callable[[str], None] = lambda note: None,
) -> dict[str, Any]:
    """Train and evaluate one run; go on from its last sound checkpoint in `folder`.

    `loaders` processes decode images ahead; the result is the same with any number of them, and
    however often the run was interrupted. It is saved at the ends of epochs, every
    `checkpoint_minutes` within one, and when `interruption` asks it to end, which raises
    RunInterruptedError. `log` gets what a user should know of the checkpoints, `track` the course
    of training. `folder` is named by the run's id.

    Writes `weights.safetensors`, `per_query.npz`, `elements.npz` and `log.txt` into `folder`, of a
    search's trial without the weights, and returns what `result.json` is to hold; once that is
    stored, `remove_checkpoints` frees the space of the checkpoints. Of several processes that share
    the run, the first one evaluates, writes and returns it. Both evaluations, before the first step
    and after the last, compare features as the objective does, by cosine or Euclidean distance.
    Nothing is chosen on the test half: the metrics are the last epoch's.
    """
    started = time.perf_counter()
    interruption = interruption or Interruption()
    dataset = load_inputs(config)
    model = build_model(config, dataset.classes)
    model.loss.check_labels = False  # a data set's labels run from 0, which it checks
    if config.init:
        load_initial(config.init, model, loss=config.init.loss)
    arrange(model, config)
    check_rivals(rival.type for rival in config.rivals)
    loader = TrainingLoader(
        dataset.train,
        **dict(config.sampler),
        seed=config.seed,
        workers=loaders,
        part=share(config.sampler.size),
    )
    optimiser = joined(model, build_optimiser(config, model), config.device)

    distance = model.loss.metric

    def measure() -> Evaluation:
        return evaluate(
            model,
            dataset,
            distance=distance,
            batch_size=EVALUATION_BATCH,
            device=config.device,
            workers=loaders,
            nmi=config.nmi,
        )

    health = HealthHook()
    record = RecordHook(report, health.on_loss)
    beginning = Beginning(digest(model, without=model.added_by_arm))
    work = folder / WORK
    checkpoints = Checkpoints(work, folder.name, log)
    saved = checkpoints.newest()
    if from_first(saved and saved[0]) != (saved and saved[0]):
        raise UserError(f"{work} isn't the same folder for all processes of the run")
    data = {}
    if is_first():
        data = record_data(folder, dataset, resumed=saved is not None)
    elements = ElementsHook(model.loss, dataset.classes)
    quality = Quality(model, dataset, config.device)
    parts: dict[str, Stateful] = {
        **{"record": record, "beginning": beginning, "health": health},
        **{"elements": elements, "quality": quality},
    }
    saving = CheckpointHook(checkpoints, parts, checkpoint_minutes, interruption)
    evaluating = []
    if config.evaluate_every and is_first():
        evaluating = [
            EvaluationHook(config.evaluate_every, record, lambda: measure().metrics, quality.take),
        ]
    tracking = [TrackHook(track, record)] if track is not None and is_first() else []
    runner = Runner(
        device=config.device,
        restore=None if saved is None else lambda runner: saving.restore(runner, *saved),
        model=model,
        work_dir=str(work),
        train_dataloader=loader,
        train_cfg={"type": TrainLoop, "max_epochs": config.epochs},
        optim_wrapper=optimiser,
        param_scheduler=build_schedule(config, optimiser, len(loader)),
        default_hooks=dict.fromkeys(UNUSED_HOOKS),
        custom_hooks=[
            EpochHook(),
            ProgressHook(config.schedule.frozen),
            record,
            health,
            elements,
            *evaluating,
            *tracking,
            saving,
        ],
        randomness={"seed": config.seed},
        # mmengine shares loggers between runners of one name, which it dates to the second.
        experiment_name=f"{folder.name}_{time.time_ns()}",
        log_level=logging.INFO,
    )
    if saved is None and is_first():
        untrained = untrained_evaluation(measure, _origin(config, model, data))
        beginning.untrained, beginning.images = untrained.metrics, untrained.images
    peak = Peak(config.device)
    with interruption.steps():
        runner.train()
    taken = peak.reached()
    if not is_first():
        return {}
    trained = time.perf_counter()
    evaluation = measure()
    evaluated = time.perf_counter()
    if config.evaluate_every:
        record.history[-1]["metrics"] = evaluation.metrics
    for one in tracking:
        one.finish(evaluation.metrics)
    warnings = [
        *health.warnings(model, optimiser.optimizer),
        *_other_images(beginning, evaluation.images),
        *evaluation_warnings(
            some_features(model, dataset.query.images, config.device),
            evaluation.metrics,
            beginning.untrained,
        ),
    ]
    write_per_query(folder, evaluation.per_query)
    if quality.take(config.epochs):
        write_elements(folder, Elements(**elements.counted(), **quality.arrays()))
    if not config.is_trial:
        _keep_weights(model, folder)
    _keep_logs(work, folder)
    return {
        "state": "finished",
        "metrics": evaluation.metrics,
        "untrained": beginning.untrained,
        "history": record.history,
        "digests": {
            "initial_weights": beginning.initial_weights,
            "batches": record.batches,
            "evaluated": evaluation.images,
            "final_weights": digest(model),
            "data_listing": data["data_listing"],
            "data_images": data["data_images"],
        },
        "dataset": data_facts(dataset),
        "memory": {} if taken is None else {"train_peak": taken},
        "timing": {
            "train_s": sum(epoch["seconds"] for epoch in record.history),
            "evaluate_s": evaluated - trained,
            "total_s": time.perf_counter() - started,
        },
        "warnings": warnings,
    }


def _other_images(beginning: Beginning, evaluated: str) -> list[str]:
    """A warning where other images were evaluated before training than after it.

    Their metrics are forgotten: the untrained network's would be beside numbers that they don't
    compare with.
    """
    if beginning.images == evaluated:
        return []
    beginning.untrained = {}
    return [
        "the untrained network was evaluated on other pixels than the trained one; its metrics are "
        "left out. Either files were changed meanwhile, or another machine that decodes images "
        f"differently shares {cache_folder() / UNTRAINED}: then remove that folder."
    ]


def _origin(config: RunConfig, model: RetrievalModel, data: dict[str, Any]) -> dict[str, Any]:
    """All that the metrics before training follow from, as JSON."""
    return {
        "config": config.model_dump(mode="json", exclude=ONLY_TRAINING),
        "distance": model.loss.metric,
        "weights": digest(model, without=("loss.",)),
        "data": data,
        "device": device_name(config.device),
        "torch": torch.__version__,
        "pillow": PIL.__version__,
        "code": code_version(),
    }


def _keep_weights(model: nn.Module, folder: Path) -> None:
    """Keep the last weights."""
    with staged(folder / "weights.safetensors") as beside:
        weights = {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}
        save_file(weights, beside)


def _keep_logs(work: Path, folder: Path) -> None:
    """Keep the logs of all attempts."""
    logs = [log.read_text(encoding="utf-8") for log in sorted(work.glob("*/*.log"))]
    write_text(folder / "log.txt", "".join(logs))
