"""Whatever happens to a run's files, the others' results stay and no wrong number is shown."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fake_runs import planned
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from benchmark.errors import UserError
from benchmark.suite.execution import outstanding, request
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.attempts import Attempts
from benchmark.suite.store.claims import Claim, claim
from benchmark.suite.store.runs import is_finished, read_runs, run_folder, write_result
from benchmark.suite.store.upkeep import check_store, clean_store, statuses

FILES = (
    "config.json",
    "result.json",
    "environment.json",
    "attempts.json",
    "weights.safetensors",
    "per_query.npz",
    "log.txt",
)
RUNS = planned("fine", "fine", "fine")


def make_store(out: Path) -> Path:
    request(RUNS, out)
    for number, run in enumerate(RUNS):
        folder = run_folder(out, run.id)
        attempts = Attempts(folder, {"commit": "a"}, False)
        (folder / "environment.json").write_text('{"commit": "a"}')
        (folder / "log.txt").write_text("trained\n" * 20)
        save_file({"w": torch.arange(50.0) + number}, folder / "weights.safetensors")
        np.savez(folder / "per_query.npz", label=np.arange(20))
        history = [{"epoch": 1, "loss": 0.25, "seconds": 1.0}]
        metrics = {"recall@1": 0.5 + number / 10, "map@r": 1 / 3}
        write_result(folder, {"state": "finished", "metrics": metrics, "history": history})
        attempts.end("finished")
    return out


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield make_store(tmp_path_factory.mktemp("sound") / "store")


def metrics_of(out: Path) -> dict[str, dict[str, float]]:
    try:
        return {run.id: run.metrics for run in read_runs(out).runs if run.state == "finished"}
    except UserError:
        return {}


def changed(content: bytes, kind: str, at: float, value: int) -> bytes:
    place = int(at * len(content))
    return {
        "cut": content[:place],
        "flip": content[:place] + bytes([content[place] ^ value]) + content[place + 1 :],
        "zero": content[:place] + bytes(len(content) - place),
        "insert": content[:place] + bytes([value]) * 9 + content[place:],
        "empty": b"",
        "digits": b'{"state": "finished", "metrics": {"recall@1": ' + b"9" * 5000 + b"}}",
        "nested": b"[" * 100_000,
        "text": b"<html>sign in</html>",
    }[kind]


KINDS = st.sampled_from(["cut", "flip", "zero", "insert", "empty", "digits", "nested", "text"])


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(FILES), kind=KINDS, at=st.floats(0, 0.999), value=st.integers(1, 255))
def test_damage_to_a_file_is_found_and_stays_with_its_run(
    name: str,
    kind: str,
    at: float,
    value: int,
    sound: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    out = tmp_path_factory.mktemp("damaged") / "store"
    shutil.copytree(sound, out)
    expected = metrics_of(sound)
    hurt: PlannedRun = RUNS[1]
    path = run_folder(out, hurt.id) / name
    whole = path.read_bytes()
    path.write_bytes(changed(whole, kind, at, value))
    same = path.read_bytes() == whole

    found = metrics_of(out)
    others = {run.id for run in RUNS if run is not hurt}
    assert found.keys() >= others
    assert all(found[run_id] == expected[run_id] for run_id in found)  # or it isn't shown at all
    faults = {one.folder.name for one in check_store(out) if one.faults}
    assert faults <= {hurt.id}
    if not same and name not in ("config.json", "attempts.json"):
        # A checksum covers them; JSON may say the same in other bytes.
        harmless = name == "result.json" and json_alike(path, whole)
        assert faults == ({hurt.id} if not harmless else set())
    notes: list[str] = []
    request(RUNS, out)
    assert {run.id for run in outstanding(RUNS, out, notes.append)} <= {hurt.id}
    assert {one.id for one in statuses(out)} == {run.id for run in RUNS}
    clean_store(out)
    assert metrics_of(out).keys() >= others
    shutil.rmtree(out.parent)


def json_alike(path: Path, whole: bytes) -> bool:
    try:
        return bool(json.loads(path.read_bytes()) == json.loads(whole))
    except (ValueError, RecursionError):
        return False


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(FILES), kind=st.sampled_from(["missing", "folder", "link", "foreign"]))
def test_a_file_that_is_missing_or_something_else(
    name: str, kind: str, sound: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("odd") / "store"
    shutil.copytree(sound, out)
    expected = metrics_of(sound)
    path = run_folder(out, RUNS[1].id) / name
    path.unlink()
    if kind == "folder":
        path.mkdir()
    if kind == "link":
        path.symlink_to(path)
    if kind == "foreign":  # of another run, itself sound
        shutil.copy(run_folder(out, RUNS[0].id) / name, path)
    found = metrics_of(out)
    assert all(found[run_id] == expected[run_id] for run_id in found)
    assert {RUNS[0].id, RUNS[2].id} <= found.keys()
    check_store(out)
    statuses(out)
    clean_store(out)
    shutil.rmtree(out.parent)


def test_cleaning_removes_what_nobody_needs_and_nothing_else(tmp_path: Path) -> None:
    out = make_store(tmp_path / "store")
    before = {path.relative_to(out) for path in out.rglob("*")}
    finished, unfinished, busy = (run_folder(out, run.id) for run in RUNS)
    (unfinished / "result.json").unlink()
    (busy / "result.json").unlink()
    for folder in (finished, unfinished, busy):
        (folder / "training").mkdir()
        (folder / "training" / "checkpoint-000000001.safetensors").write_bytes(b"x" * 1000)
        (folder / ".result.json.0a1b2c3d.part").write_bytes(b"half")
        (folder / "progress.json").write_text("{}")
    with (held := claimed(busy)):
        assert [one.notes for one in check_store(out) if one.folder == busy] == [[]]
        cleaned = clean_store(out)
        assert cleaned.going_on == [busy.name]
        assert (busy / ".result.json.0a1b2c3d.part").exists()
        held.release(for_good=True)
    assert cleaned.files == 4 and cleaned.size > 1000
    left = {path.relative_to(out) for path in out.rglob("*")} - before
    assert {str(path.relative_to(path.parts[0])) for path in left} == {
        f"{unfinished.name}/training",
        f"{unfinished.name}/training/checkpoint-000000001.safetensors",
        f"{unfinished.name}/progress.json",
        f"{unfinished.name}/claim-000001.json",
        f"{busy.name}/training",
        f"{busy.name}/training/checkpoint-000000001.safetensors",
        f"{busy.name}/.result.json.0a1b2c3d.part",
        f"{busy.name}/progress.json",
    }
    assert is_finished(finished)


def claimed(folder: Path) -> Claim:
    held = claim(folder)
    assert isinstance(held, Claim)
    return held


def test_states_are_told_apart(tmp_path: Path) -> None:
    out = make_store(tmp_path / "store")
    finished, broken, busy = (run_folder(out, run.id) for run in RUNS)
    (busy / "result.json").unlink()
    (busy / "progress.json").write_text(
        json.dumps({"step": 3, "steps": 9, "epoch": 1, "epochs": 3, "loss": 0.5})
    )
    (broken / "result.json").unlink()
    with claimed(busy):
        found: dict[str, Any] = {one.id: one for one in statuses(out)}
    assert [found[folder.name].state for folder in (finished, broken, busy)] == [
        "finished",
        "interrupted",
        "going on",
    ]
    assert found[busy.name].progress.step == 3
    assert found[busy.name].owner.process > 0 and found[busy.name].heartbeat < 60
    assert found[broken.name].label == "d o a seed 1"
