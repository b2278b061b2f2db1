"""What all arms of a comparison share, as short texts: conditions that papers leave to the code."""

from benchmark.errors import UserError
from benchmark.report.settings import entry_text, flatten, value_text
from benchmark.run_config import Memory, RunConfig, Sampler, Schedule, Settings
from benchmark.suite.configuration import resolved
from benchmark.suite.suite_file import read_config

_OF_THE_CASE = {"dataset", "objective", "similarity", "rivals", "init", "device", "threads"}
"""Settings that no recipe determines, or that change no result."""
_ANY_CASE = {"dataset": {"type": "noise"}, "objective": {"type": "triplet"}, "device": "cpu"}
"""What completes a recipe where its own settings alone are looked at."""


def facts(config: RunConfig) -> dict[str, str]:
    """The conditions by name."""
    backbone = config.backbone.model_dump()
    network = backbone.pop("network", backbone)  # of a frozen one, or a tail
    weights = network.pop("weights", None)
    stage = None if network is backbone else backbone.pop("stage", None)
    frozen = network.pop("freeze_batch_norm", False) or (network is not backbone and not stage)
    named = entry_text(network)
    if network is not backbone:
        trained = f"trained from {stage} on" if stage else "not trained"
        named = f"{named}, {trained} ({entry_text(backbone)})"
    return {
        "backbone": named,
        "weights": "random" if weights is None else str(weights),
        "batch norm": "frozen" if frozen else f"trained from {stage} on" if stage else "trained",
        "pooling": config.pooling,
        "neck": value_text(config.neck),
        "dim": "the backbone's" if config.dim is None else str(config.dim),
        "batch": _batch(config.sampler),
        "memory": _memory(config.memory),
        "epochs": str(config.epochs),
        "optimiser": entry_text(config.optimiser.model_dump()),
        "schedule": _schedule(config.schedule),
    }


def off_recipe(config: RunConfig) -> list[str]:
    """The settings in which a run differs from its recipe: "epochs=1".

    Which network "pretrained" stands for isn't counted. Empty for a recipe that isn't there any
    more, or isn't as it was.
    """
    try:
        recipe = read_config("recipes", config.recipe)
        settings, _ = resolved({**recipe, **_ANY_CASE}, config.recipe)
    except UserError:
        return []
    meant, found = (
        flatten(one.model_dump(mode="json", include=Settings.model_fields.keys() - _OF_THE_CASE))
        for one in (settings, config)
    )
    if recipe["backbone"]["type"] == "pretrained":
        kinds = meant.pop("backbone.type"), found.pop("backbone.type")
        if kinds[0] != kinds[1]:  # whose options differ too
            found = {name: one for name, one in found.items() if not name.startswith("backbone.")}
    return [
        f"{name}={value_text(value)}"
        for name, value in found.items()
        if value_text(value) != value_text(meant.get(name))
    ]


def _batch(sampler: Sampler) -> str:
    """The images of a batch: "100 (25 × 4)" are 25 classes of 4 images each."""
    return f"{sampler.size} ({sampler.classes} × {sampler.samples})"


def _memory(memory: Memory) -> str:
    """A pair loss's memory of past features."""
    if not memory.size:
        return "none"
    return f"{memory.size} features, after {100 * memory.start:g} % of training"


def _schedule(schedule: Schedule) -> str:
    """How the learning rate changes; times are in epochs."""
    places = ", ".join(f"{place:g}" for place in schedule.milestones)
    steps = f"× {schedule.gamma:g} at {places}" if places else "constant"
    parts = [steps if schedule.decay == "step" else "cosine to 0"]
    if schedule.warmup:
        parts.append(f"warm-up {schedule.warmup:g}")
    if schedule.frozen:
        parts.append(f"backbone at rest {schedule.frozen:g}")
    return "; ".join(parts)
