"""A complete configuration for tests, of which each changes what it is about."""

from typing import Any

from benchmark.run_config import RunConfig

DEFAULT: dict[str, Any] = {
    "dataset": {"type": "typefaces"},
    "transform": {"type": "glyph_affine"},
    "backbone": {"type": "glyphnet", "width": 8},
    "dim": 16,
    "objective": {"type": "norm_softmax", "scale": 20.0, "normalise": True},
    "sampler": {"classes": 4, "samples": 2},
    "optimiser": {"type": "AdamW", "lr": 0.001},
    "proxy_rate": 1.0,
    "epochs": 4,
    "threads": 1,
    "device": "cpu",
    "recipe": "glyphs",
    "objective_name": "norm_softmax",
    "arm": "baseline",
    "seed": 0,
}


def run_config(**changes: Any) -> RunConfig:
    """The default with some keys changed."""
    return RunConfig.model_validate(DEFAULT | changes)
