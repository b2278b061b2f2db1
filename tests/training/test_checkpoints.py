"""The file that a run goes on from: what it holds, and that no damage to it passes."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from benchmark.training import checkpoint
from benchmark.training.checkpoint import Checkpoints, read, write

STATE: dict[str, Any] = {
    "epoch": 3,
    "rate": 0.1,
    "none": None,
    "text": "é\ud7ff",
    "optimiser": {"state": {0: {"step": torch.tensor(7.0), "mean": torch.ones(2, 3)}}},
    "milestones": Counter({30: 1}),
    "history": [{"loss": 1 / 3}, {"loss": float("inf")}],
    "empty": torch.zeros(0, 4),
    "kinds": [torch.arange(3), torch.tensor([True]), torch.ones(2, dtype=torch.bfloat16)],
}


def alike(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(alike, a, b))
    return bool(a == b)


def folder_of(path: Path, *steps: int, run: str = "me") -> tuple[Checkpoints, list[str]]:
    notes: list[str] = []
    checkpoints = Checkpoints(path, run, notes.append)
    for step in steps:
        checkpoints.save(step, {"step": step, "weights": torch.full((5,), float(step))})
    return checkpoints, notes


def steps_in(path: Path) -> list[int]:
    return sorted(int(file.name[11:20]) for file in path.iterdir())


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    write(tmp_path / "a", STATE)
    assert alike(read(tmp_path / "a"), STATE)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_tensors_that_share_memory_and_strided_ones_are_kept(tmp_path: Path) -> None:
    whole = torch.arange(12.0).view(3, 4)
    write(tmp_path / "a", {"whole": whole, "row": whole[1], "turned": whole.T})
    found = read(tmp_path / "a")
    assert torch.equal(found["row"], whole[1]) and torch.equal(found["turned"], whole.T)


@pytest.mark.parametrize("value", [object(), {1.5: 2}, {"a": {3}}, b"bytes", lambda: None])
def test_what_a_checkpoint_can_not_hold_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(TypeError, match="a checkpoint holds no"):
        write(tmp_path / "a", {"value": value})
    assert list(tmp_path.iterdir()) == []


def test_the_two_newest_stay(tmp_path: Path) -> None:
    checkpoints, notes = folder_of(tmp_path, 1, 2, 3, 10)
    assert steps_in(tmp_path) == [3, 10]
    found = checkpoints.newest()
    assert found is not None and found[0] == 10 and notes == []


def test_a_damaged_one_goes_and_the_one_before_stays(tmp_path: Path) -> None:
    folder_of(tmp_path, 1, 2)
    newest = tmp_path / "checkpoint-000000002.safetensors"
    newest.write_bytes(b"")
    (tmp_path / ".checkpoint-000000003.safetensors.0a1b2c3d.part").write_bytes(b"half")
    checkpoints, notes = folder_of(tmp_path)
    found = checkpoints.newest()
    assert found is not None and found[0] == 1
    assert len(notes) == 1 and "checkpoint-000000002.safetensors can't be used" in notes[0]
    checkpoints.save(3, {})
    assert steps_in(tmp_path) == [1, 3]


def test_a_folder_may_be_moved(tmp_path: Path) -> None:
    folder_of(tmp_path / "here", 4)
    (tmp_path / "here").rename(tmp_path / "there")
    found = folder_of(tmp_path / "there")[0].newest()
    assert found is not None and found[0] == 4


def _truncated(content: bytes, at: float) -> bytes:
    return content[: int(at * len(content))]


def _flipped(content: bytes, at: float) -> bytes:
    place = min(int(at * len(content)), len(content) - 1)
    return content[:place] + bytes([content[place] ^ (1 << place % 8)]) + content[place + 1 :]


def _lengthened(content: bytes, at: float) -> bytes:
    return content + content[: 1 + int(at * 50)]


def _zeroed(content: bytes, at: float) -> bytes:
    place = int(at * (len(content) - 1))
    end = min(len(content), place + 64)
    return content[:place] + bytes(end - place) + content[end:]


@settings(max_examples=150, deadline=None)
@given(
    damage=st.sampled_from([_truncated, _flipped, _lengthened, _zeroed]),
    at=st.floats(0, 1, exclude_max=True),
)
def test_no_damage_passes(damage: Any, at: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    folder_of(folder, 1, 2)
    newest = folder / "checkpoint-000000002.safetensors"
    whole = newest.read_bytes()
    broken = damage(whole, at)
    newest.write_bytes(broken)
    checkpoints, notes = folder_of(folder)
    found = checkpoints.newest()
    assert found is not None
    assert (found[0], len(notes)) == ((2, 0) if broken == whole else (1, 1))
    assert torch.equal(found[1]["weights"], torch.full((5,), float(found[0])))


def _rewritten(path: Path, **changes: str) -> None:
    """Change a file's metadata and leave its tensors."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    path.unlink()
    save_file(tensors, path, {**metadata, **changes})


def test_foreign_and_forged_ones_are_passed_over(tmp_path: Path) -> None:
    reasons = {}
    newest = tmp_path / "checkpoint-000000002.safetensors"

    def forged(name: str) -> None:
        checkpoints, notes = folder_of(tmp_path)
        found = checkpoints.newest()
        assert found is not None and found[0] == 1
        (reasons[name],) = notes
        newest.unlink()
        folder_of(tmp_path, 1, 2)

    folder_of(tmp_path, 1, 2)
    folder_of(tmp_path / "other", 2, run="other")
    (tmp_path / "other" / newest.name).replace(newest)
    (tmp_path / "other").rmdir()
    forged("another run's")
    (tmp_path / "checkpoint-000000001.safetensors").read_bytes()
    newest.write_bytes((tmp_path / "checkpoint-000000001.safetensors").read_bytes())
    forged("another step's")
    _rewritten(newest, sha256="0" * 64)
    forged("checksum")
    _rewritten(newest, state='{"<items>": [["run", "me"]]}')
    forged("state")
    newest.unlink()
    save_file({"weights": torch.zeros(5)}, newest)
    forged("weights alone")
    newest.unlink()
    newest.mkdir()
    checkpoints, notes = folder_of(tmp_path)
    assert checkpoints.newest() is not None and len(notes) == 1
    assert "belongs to the run other" in reasons["another run's"]
    assert "is of step 1" in reasons["another step's"]
    assert "checksum is wrong" in reasons["checksum"] and "checksum is wrong" in reasons["state"]
    assert "is no checkpoint" in reasons["weights alone"]


def test_nesting_without_end_is_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint-000000001.safetensors"
    document = "[" * 100_000 + "]" * 100_000
    save_file({}, path, {"state": document, "sha256": checkpoint._digest(document, {})})
    checkpoints, notes = folder_of(tmp_path)
    assert checkpoints.newest() is None
    assert "can't be used" in notes[0] and "begins anew" in notes[1]


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    marker = tmp_path / "executed"

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(marker),)

    torch.save(Bomb(), tmp_path / "checkpoint-000000009.safetensors")
    checkpoints, notes = folder_of(tmp_path)
    assert checkpoints.newest() is None
    assert not marker.exists() and len(notes) == 2


def test_a_file_of_json_alone_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-000000001.safetensors").write_text(json.dumps({"run": "me"}))
    assert folder_of(tmp_path)[0].newest() is None
