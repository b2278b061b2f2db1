"""Runs as the suite stores them, with numbers that a test chooses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.durable import write_json
from benchmark.report.figures import style
from benchmark.report.grouping import build_table
from benchmark.report.table import Group
from benchmark.suite.store.runs import identity, read_runs

NOTE = "Rendered from the fonts of this machine; a small stand-in, not a published data set."
SIMILARITIES: dict[str, dict[str, Any]] = {
    "baseline": {"type": "plain"},
    "dam": {"type": "dam", "rule": "quantile", "keep": 0.8, "joint": 0.0},
    "random": {"type": "dam", "rule": "random", "keep": 0.8, "joint": 0.0},
}

JOINT = {
    "type": "joint",
    "proxy": {"type": "softmax"},
    "pair": {"type": "triplet"},
    "weights": [1.0, 1.0],
}

StoreRun = Callable[..., Path]


def store_run(
    out: Path,
    *,
    arm: str = "baseline",
    seed: int = 0,
    objective: str = "norm_softmax",
    scale: float = 20.0,
    metrics: dict[str, float] | None = None,
    state: str = "finished",
    error: str | None = None,
    losses: tuple[float, ...] = (3.0, 2.0),
    evaluated: bool = False,
    digests: dict[str, str] | None = None,
    environment: dict[str, Any] | None = None,
    similarity: dict[str, Any] | None = None,
    protocol: str = "retrieval",
    dataset_facts: dict[str, Any] | None = None,
    **config: Any,
) -> Path:
    """Write one run's folder; `config` replaces entries of the configuration.

    `evaluated`: the metrics stand at every epoch too.
    """
    resolved = {
        "dataset": {"type": "typefaces", "size": 32},
        "transform": {"type": "glyph_affine"},
        "recipe": "glyphs",
        "backbone": {"type": "glyphnet", "width": 32},
        "pooling": "avg",
        "neck": None,
        "dim": 128,
        "sampler": {"classes": 25, "samples": 4},
        "memory": {"size": 0, "start": 0.0},
        "epochs": 12,
        "schedule": {
            "warmup": 0.5,
            "frozen": 0.0,
            "decay": "cosine",
            "milestones": [],
            "gamma": 0.1,
        },
        "optimiser": {"type": "AdamW", "lr": 0.001},
        "proxy_rate": 1.0,
        "nmi": False,
        "objective": JOINT if objective == "joint" else {"type": objective, "scale": scale},
        "objective_name": objective,
        "arm": arm,
        "similarity": similarity or SIMILARITIES[arm],
        "rivals": [],
        "seed": seed,
        "device": "cpu",
        "threads": 1,
    } | config
    folder = out / "runs" / identity(resolved)
    write_json(folder / "config.json", resolved)
    if state == "not run":
        return folder
    write_json(
        folder / "environment.json",
        {
            "device_name": "A processor",
            "torch": "2.11.0",
            "python": "3.12.3",
            "commit": "0123456789abcdef",
            "dirty": False,
        }
        | (environment or {}),
    )
    result: dict[str, Any] = {"state": state, "error": error}
    if state == "finished":
        values = metrics or {"recall@1": 0.3, "map@r": 0.1}
        result |= {
            "metrics": values,
            "untrained": {name: value / 2 for name, value in values.items()},
            "history": [
                {"epoch": epoch, "loss": loss, "seconds": 2.5}
                | ({"metrics": values} if evaluated else {})
                for epoch, loss in enumerate(losses, start=1)
            ],
            "digests": {
                "initial_weights": f"w{seed}",
                "batches": f"b{seed}",
                "data_listing": "l",
                "data_images": "i",
                "evaluated": "e",
                "final_weights": f"f{seed}{arm}",
            }
            if digests is None
            else digests,
            "timing": {"train_s": 5.0, "evaluate_s": 1.0, "total_s": 7.0},
            "dataset": {
                "name": "typefaces",
                "protocol": protocol,
                "note": NOTE,
                "train_classes": 65,
                "train_images": 4030,
                "query_images": 4030,
                "gallery_images": 4030,
                "official": False,
            }
            | (dataset_facts or {}),
        }
    write_json(folder / "result.json", result)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> StoreRun:
    """`store(arm=..., seed=..., ...)` writes a run below `tmp_path`."""
    return lambda **options: store_run(tmp_path, **options)


@pytest.fixture
def store_at() -> StoreRun:
    """`store_at(out, arm=..., ...)` writes a run below any folder."""
    return store_run


@pytest.fixture
def every_format() -> None:
    """For tests of the figures' files: `few_formats` lets PNG and PDF be written too."""


@pytest.fixture(autouse=True)
def few_formats(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write figures as SVG alone, which the page shows: three formats take three times as long."""
    if "every_format" not in request.fixturenames:
        monkeypatch.setattr(style, "_FORMATS", {"svg": style._FORMATS["svg"]})


@pytest.fixture
def group_of(tmp_path: Path) -> Callable[[], Group]:
    """`group_of()` reads the runs below `tmp_path`, which are on one data set."""

    def read() -> Group:
        [group] = build_table(read_runs(tmp_path)).groups
        return group

    return read
