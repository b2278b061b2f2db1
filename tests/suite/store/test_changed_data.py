"""Runs whose data changed after them: an error with a choice, whatever it is that changed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from run_configs import run_config

from benchmark.data.dataset import DataSet, Split
from benchmark.data.rendered.glyphs import GlyphImages
from benchmark.durable import write_bytes, write_json
from benchmark.errors import UserError
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store import changed_data
from benchmark.suite.store.changed_data import settle_changed_data
from benchmark.suite.store.runs import run_folder
from benchmark.training.data_record import data_record, record_data

LABELS = np.repeat(np.arange(4), 3)


def made(*, grey: int = 0, images: int = 12, labels: np.ndarray = LABELS) -> DataSet:
    pixels = np.full((12, 4, 4), grey, dtype=np.uint8)
    return DataSet(
        name="small",
        protocol="retrieval",
        note="",
        train=Split(GlyphImages(pixels[:images]), labels[:images]),
        query=Split(GlyphImages(pixels), LABELS),
    )


CHANGES = {
    "images added": (made(images=9), made(), "9 train images then, 12 now"),
    "classes added": (made(images=9), made(), "3 train classes then, 4 now"),
    "images of other classes": (
        made(labels=LABELS[::-1].copy()),
        made(),
        "the same number of images, but other names, classes, cameras or file sizes",
    ),
    "images replaced": (made(grey=1), made(), "images of the same names and sizes, but other"),
}


@pytest.fixture
def run() -> PlannedRun:
    return PlannedRun(run_config())


@pytest.fixture
def store(run: PlannedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Store the run as made of a data set, and let another one be what is there now."""

    def stored(before: DataSet, now: DataSet, finished: bool = True) -> Path:
        folder = run_folder(tmp_path, run.id)
        write_json(folder / "config.json", run.config.as_json())
        record_data(folder, before, resumed=False)
        if finished:
            write_json(folder / "result.json", {"state": "finished"})
        else:
            write_bytes(folder / "training" / "checkpoint-000000001.safetensors", b"a state")
        monkeypatch.setattr(changed_data, "load_dataset", lambda config: now)
        return folder

    return stored


@pytest.mark.parametrize("finished", [True, False], ids=["reused", "resumed"])
@pytest.mark.parametrize("change", CHANGES)
def test_other_data_is_an_error_with_a_choice(
    store: Any, run: PlannedRun, tmp_path: Path, change: str, finished: bool
) -> None:
    before, now, said = CHANGES[change]
    folder = store(before, now, finished)
    with pytest.raises(UserError, match=rf"{folder}.*{said}.*--data-changed redo.*keep"):
        settle_changed_data([run], tmp_path, "error")
    assert folder.exists()
    (note,) = settle_changed_data([run], tmp_path, "redo")
    assert said in note
    assert not folder.exists()
    (aside,) = (tmp_path / "replaced").iterdir()
    assert (aside / "data.json").exists()


def test_finished_runs_are_kept_on_request_and_others_begin_again(
    store: Any, run: PlannedRun, tmp_path: Path
) -> None:
    folder = store(made(grey=1), made())
    (note,) = settle_changed_data([run], tmp_path, "keep")
    assert "is kept" in note and (folder / "result.json").exists()
    (folder / "result.json").unlink()
    store(made(grey=1), made(), finished=False)
    (note,) = settle_changed_data([run], tmp_path, "keep")
    assert "made again" in note and not folder.exists()


def test_the_same_data_and_runs_that_would_begin_anyway_are_left_alone(
    store: Any, run: PlannedRun, tmp_path: Path
) -> None:
    folder = store(made(), made())
    assert settle_changed_data([run], tmp_path, "error") == []
    (folder / "result.json").unlink()  # interrupted before the first checkpoint
    store(made(grey=1), made())
    (folder / "result.json").unlink()
    assert settle_changed_data([run], tmp_path, "error") == []


def test_a_run_that_does_not_say_what_it_was_made_of(
    store: Any, run: PlannedRun, tmp_path: Path
) -> None:
    (store(made(), made()) / "data.json").unlink()
    with pytest.raises(UserError, match="isn't recorded what data it was made of"):
        settle_changed_data([run], tmp_path, "error")


def test_a_resumed_run_compares_for_itself(tmp_path: Path) -> None:
    record_data(tmp_path, made(), resumed=False)
    assert record_data(tmp_path, made(), resumed=True) == data_record(made())
    with pytest.raises(UserError, match=r"changed since this run began: images of the same names"):
        record_data(tmp_path, made(grey=1), resumed=True)
    assert record_data(tmp_path, made(grey=1), resumed=False) == data_record(made(grey=1))
