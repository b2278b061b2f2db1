from pathlib import Path

import numpy as np
import pytest

from benchmark.training.per_query import FILE, QueryValues, read_per_query, write_per_query

LABELS = np.array([0, 0, 1], np.int64)
RECALL = np.array([1.0, 0.0, np.nan])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    arrays = {"label": LABELS, "recall@1": RECALL, "map@r": RECALL / 2, "recall@8": RECALL}
    write_per_query(tmp_path, arrays)
    found = read_per_query(tmp_path)
    assert found is not None
    assert np.array_equal(found.labels, LABELS)
    assert list(found.values) == ["recall@1", "map@r"]
    assert np.array_equal(found.values["recall@1"], RECALL, equal_nan=True)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_the_same_values_give_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        write_per_query(tmp_path / name, {"label": LABELS, "map": RECALL})
        contents.append((tmp_path / name / FILE).read_bytes())
    assert contents[0] == contents[1]


def test_a_run_of_before_has_none(tmp_path: Path) -> None:
    assert read_per_query(tmp_path) is None


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "pickle", "no labels"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / FILE
    write_per_query(tmp_path, {"label": LABELS, "recall@1": RECALL})
    content = path.read_bytes()
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        path.write_bytes(content[:60] + bytes([content[60] ^ 255]) + content[61:])
    elif damage == "pickle":
        np.savez(path, label=np.array([{}], dtype=object))
    else:
        np.savez(path, other=LABELS)
    with pytest.raises(ValueError, match=FILE):
        read_per_query(tmp_path)


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (LABELS, RECALL[:2]),
        (LABELS, np.array([0.0, 2.0, 0.0])),
        (LABELS.astype(np.float64), RECALL),
        (LABELS, np.array([0, 1, 0])),
    ],
)
def test_arrays_that_do_not_fit_are_refused(labels: np.ndarray, values: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"must be|outside"):
        QueryValues(labels, {"recall@1": values})
