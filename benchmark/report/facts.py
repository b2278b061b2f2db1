"""What all arms of a comparison share, as short texts: the conditions that papers leave in code."""

from collections.abc import Mapping
from typing import Any

from benchmark.report.numbers import ABSENT
from benchmark.report.settings import describe, value_text


def facts(config: Mapping[str, Any]) -> dict[str, str]:
    """The conditions by name; "–" where the configuration has no such entry."""
    backbone = dict(config.get("backbone", {}))
    weights = backbone.pop("weights", None)
    frozen = backbone.pop("freeze_batch_norm", False)
    return {
        "backbone": describe(backbone) or ABSENT,
        "weights": "random" if weights is None else str(weights),
        "batch norm": "frozen" if frozen else "trained",
        "pooling": _entry(config, "pooling"),
        "neck": _entry(config, "neck"),
        "dim": _entry(config, "dim").replace("none", "the backbone's"),
        "batch": _batch(config.get("sampler", {})),
        "memory": _memory(config.get("memory", {})),
        "epochs": _entry(config, "epochs"),
        "optimiser": describe(config.get("optimiser", {})) or ABSENT,
        "schedule": _schedule(config.get("schedule", {})),
    }


def _entry(config: Mapping[str, Any], name: str) -> str:
    return value_text(config[name]) if name in config else ABSENT


def _batch(sampler: Mapping[str, Any]) -> str:
    """The images of a batch: "100 (25 × 4)" are 25 classes of 4 images each."""
    if not {"classes", "samples"} <= sampler.keys():
        return describe(sampler) or ABSENT
    classes, samples = sampler["classes"], sampler["samples"]
    return f"{classes * samples} ({classes} × {samples})"


def _memory(memory: Mapping[str, Any]) -> str:
    """A pair loss's memory of past features."""
    if not memory.get("size"):
        return "none"
    return f"{memory['size']} features, after {100 * memory.get('start', 0):g} % of training"


def _schedule(schedule: Mapping[str, Any]) -> str:
    """The learning rate's course; lengths and places are in epochs."""
    if "decay" not in schedule:
        return describe(schedule) or ABSENT
    places = ", ".join(f"{place:g}" for place in schedule["milestones"])
    steps = f"× {schedule['gamma']:g} at {places}" if places else "constant"
    parts = [steps if schedule["decay"] == "step" else "cosine to 0"]
    if schedule["warmup"]:
        parts.append(f"warm-up {schedule['warmup']:g}")
    if schedule["frozen"]:
        parts.append(f"backbone at rest {schedule['frozen']:g}")
    return "; ".join(parts)
