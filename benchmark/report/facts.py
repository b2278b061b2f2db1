"""What all arms of a comparison share, as short texts: conditions that papers leave to the code."""

from benchmark.errors import UserError
from benchmark.report.settings import entry_text, flatten, value_text
from benchmark.run_config import Memory, RunConfig, Sampler, Schedule
from benchmark.suite.suite_file import read_config


def facts(config: RunConfig) -> dict[str, str]:
    """The conditions by name."""
    backbone = config.backbone.model_dump()
    network = backbone.pop("network", backbone)  # of a frozen one
    weights = network.pop("weights", None)
    frozen = network.pop("freeze_batch_norm", False) or network is not backbone
    named = entry_text(network)
    if network is not backbone:
        named = f"{named}, not trained ({entry_text(backbone)})"
    return {
        "backbone": named,
        "weights": "random" if weights is None else str(weights),
        "batch norm": "frozen" if frozen else "trained",
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
    """The settings in which a run differs from its recipe's file: "epochs=1".

    What the recipe leaves open isn't counted, nor which network its "pretrained" stands for. Empty
    for a recipe that isn't there any more.
    """
    try:
        recipe = flatten(read_config("recipes", config.recipe))
    except UserError:
        return []
    found = flatten(config.as_json())
    return [
        f"{name}={value_text(found.get(name))}"
        for name, meant in recipe.items()
        if meant != "pretrained" and value_text(found.get(name)) != value_text(meant)
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
