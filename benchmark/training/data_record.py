"""Which data a run was made of, and how to tell that it isn't the data that is there now."""

import json
from pathlib import Path
from typing import Any

from benchmark.data.dataset import DataSet
from benchmark.durable import write_json
from benchmark.errors import UserError

FILE = "data.json"
"""In a run's folder: what `data_record` returned when the run began."""


def data_record(dataset: DataSet) -> dict[str, Any]:
    """What the data set holds: `name`, counts, and the digests of `DataSet.digests`."""
    return {
        "name": dataset.name,
        "train_classes": dataset.classes,
        **{f"{name}_images": len(split.labels) for name, split in dataset.splits.items()},
        **dataset.digests(),
    }


def read_record(folder: Path) -> dict[str, Any] | None:
    """The record in a run's folder, or None where there is none or one that is damaged."""
    try:
        record = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def data_change(before: dict[str, Any] | None, now: dict[str, Any]) -> str:
    """What differs between two records, in words; empty where nothing does."""
    if before is None:
        return "it isn't recorded what data it was made of"
    counts = [
        f"{before.get(key, 0):,} {key.replace('_', ' ')} then, {now.get(key, 0):,} now"
        for key in sorted(before.keys() | now.keys())
        if isinstance(before.get(key, now.get(key)), int) and before.get(key) != now.get(key)
    ]
    if before.get("name") != now["name"]:
        counts.insert(0, f"{before.get('name')} then, {now['name']} now")
    if counts:
        return ", ".join(counts)
    if before.get("data_listing") != now["data_listing"]:
        return "the same number of images, but other names, classes, cameras or file sizes"
    if before.get("data_images") != now["data_images"]:
        return "images of the same names and sizes, but other contents"
    return ""


def record_data(folder: Path, dataset: DataSet, resumed: bool) -> dict[str, Any]:
    """Write what data a run is made of into its folder, and return it.

    Raises UserError where a run that is `resumed` began with other data.
    """
    record = data_record(dataset)
    change = data_change(read_record(folder), record) if resumed else ""
    if change:
        raise UserError(
            f"The data changed since this run began: {change}. Put the data back, or begin again "
            "with --data-changed redo."
        )
    write_json(folder / FILE, record)
    return record


def data_facts(dataset: DataSet) -> dict[str, Any]:
    """What a run's result says of its data: name, protocol, sizes, and the known cues' saliency."""
    cues = dataset.cues
    return {
        "name": dataset.name,
        "protocol": dataset.protocol,
        "note": dataset.note,
        "official": dataset.official,
        "train_classes": dataset.classes,
        "train_images": len(dataset.train.labels),
        "query_images": len(dataset.query.labels),
        "gallery_images": len((dataset.gallery or dataset.query).labels),
        "cues": dict(zip(cues.names, cues.saliency.tolist(), strict=True)) if cues else {},
    }
