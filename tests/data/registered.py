"""Data sets by their registered names, as a configuration makes them."""

from pathlib import Path
from typing import Any

from benchmark import registry
from benchmark.entries import Entry


def make(kind: str, **options: Any) -> Any:
    """The data set of a layout, with defaults for the options that are left out."""
    name = kind.removesuffix("_devkit")
    entry = registry.resolve(registry.DATASETS, Entry.of(name, **options), "dataset")
    return registry.build(registry.DATASETS, entry, "dataset")


def images(folder: Path) -> list[Path]:
    """The image files in a folder and below."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".png"))
