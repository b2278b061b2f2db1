"""`bench evaluation`: the features it makes, that its peers agree, and what it writes."""

import csv
import importlib.util
import io
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

from benchmark.bench.evaluation import bench as evaluation
from benchmark.bench.evaluation.features import FULL, QUICK, cub, msmt17
from benchmark.bench.evaluation.jobs import JOBS, build, measure
from benchmark.bench.evaluation.rows import Row, ratios
from benchmark.bench.evaluation.table import WORDS, page, shown, stored
from benchmark.bench.table import as_csv, as_terminal


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The features of the quick sizes, as the jobs read them."""
    path = tmp_path_factory.mktemp("features")
    for data, made in (("msmt17", msmt17(QUICK)), ("cub", cub(QUICK))):
        for key, array in made.items():
            np.save(path / f"{data}-{key}.npy", array)
    return path


def test_identities_and_cameras_are_like_msmt17():
    a = msmt17(FULL._replace(elements=2))
    assert (a["q"].shape, a["g"].shape) == ((11_659, 2), (82_161, 2))
    seen = set(zip(a["ql"].tolist(), a["qc"].tolist(), strict=True))
    assert len(seen) == 11_659
    assert set(zip(a["gl"].tolist(), a["gc"].tolist(), strict=True)) <= seen
    assert set(a["ql"]) == set(range(3_060)) and set(a["qc"]) == set(range(15))
    sizes = np.bincount(a["gl"], minlength=3_060)
    assert sizes.min() < 5 and sizes.max() > 100 and 20 < np.median(sizes) < 27


def test_features_repeat_and_have_unit_length():
    a, b = msmt17(QUICK), msmt17(QUICK)
    assert all(np.array_equal(a[name], b[name]) for name in a)
    for x in (a["q"], a["g"], cub(QUICK)["x"]):
        assert x.dtype == np.float32
        assert np.allclose(np.linalg.norm(x, axis=1), 1, atol=1e-5)
    assert np.bincount(cub(QUICK)["labels"]).tolist() == [40] * 10


@pytest.mark.parametrize(
    ("peer", "ours", "package"),
    [
        ("torchreid_python", "msmt17", "torchreid"),
        ("torchreid_cython", "msmt17", "fastreid"),
        ("accuracy_calculator", "cub", "pytorch_metric_learning"),
        ("accuracy_calculator_short", "cub", "pytorch_metric_learning"),
    ],
)
def test_peers_find_the_same_values(peer, ours, package, folder, monkeypatch):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} isn't installed")
    if peer == "torchreid_cython":
        pytest.importorskip("Cython")
        build(folder)
        monkeypatch.syspath_prepend(str(folder))
    theirs = measure(JOBS[peer], folder, QUICK.slice if ours == "msmt17" else None)
    expected = measure(JOBS[ours], folder, QUICK.slice if ours == "msmt17" else None)
    assert theirs["queries"] == expected["queries"] == (100 if ours == "msmt17" else 400)
    assert set(theirs["metrics"]) >= {"cmc@1", "map"} or set(theirs["metrics"]) >= {"map@r"}
    for name, value in theirs["metrics"].items():
        assert value == pytest.approx(expected["metrics"][name], abs=1e-5)
    assert theirs["seconds"] > 0 and theirs["cpu_seconds"] > 0 and theirs["peak_bytes"] > 2**26


def result(seconds, queries=400, **metrics):
    return {
        "seconds": seconds,
        "cpu_seconds": 2 * seconds,
        "peak_bytes": 3 * 2**29,
        "queries": queries,
        "threads": 2,
        "metrics": metrics,
    }


ROWS = [
    Row("msmt17", "MSMT17", "this suite", False, [result(9.0, 11_659), result(8.0, 11_659)]),
    Row("msmt17", "MSMT17", "this suite", True, [result(0.5), result(0.4)]),
    Row("msmt17_product", "MSMT17", "product", False, [result(5.0, 11_659)]),
    Row("torchreid_python", "MSMT17", "Python", True, [result(64.0, map=0.25)]),
    Row("torchreid_cython", "MSMT17", "Cython", True, error="not installed: pip"),
    Row("cub", "CUB", "this suite", False, [result(1.0, 5_924)]),
    Row("cub_product", "CUB", "product", False, [result(0.5, 5_924)]),
    Row("accuracy_calculator", "CUB", "AC", False, [result(2.3, 5_924)]),
    Row("accuracy_calculator_short", "CUB", "AC short", False, [result(2.0, 5_924)]),
]


def test_both_sides_of_a_ratio_searched_the_same_queries():
    found = {what: (value, bound) for what, value, bound in ratios(ROWS, FULL)}
    slow = ("160.0 times the time", "at least 50")
    assert found["MSMT17, 400 queries: Python / this suite"] == slow
    assert found["MSMT17, 400 queries: Cython / this suite"] == ("not measured", "above 1")
    assert found["MSMT17: this suite / product"] == ("1.6 times the time", "at most 2")
    assert found["CUB: AC / this suite"] == ("2.3 times the time", "above 1")


def test_what_is_written():
    lines = list(csv.DictReader(io.StringIO(as_csv(stored(ROWS)))))
    assert len(lines) == 11
    assert [line["seconds"] for line in lines[:2]] == ["9.0", "8.0"]
    part = next(line for line in lines if line["what"] == "Python")
    assert (part["sliced"], part["queries"]) == ("True", "400")
    assert (part["map"], part["error"]) == ("0.25", "")
    assert next(line["error"] for line in lines if line["what"] == "Cython") == "not installed: pip"
    environment = dict.fromkeys(("python", "torch", "numpy", "platform", "commit"), "x")
    environment |= {"device_name": "a CPU", "threads": 2, "dirty": True}
    text = page(ROWS, FULL, environment)
    assert "a CPU" in text and "commit x with changes" in text and "2 repeats" in text
    assert "| MSMT17 | this suite | 11,659 | 8.00 | 8.50 | 16.00 | 1.50 |  |  |  |" in text
    assert "Cython: not installed: pip" in text
    console = Console(width=150, record=True, file=io.StringIO())
    console.print(as_terminal(shown(ROWS), WORDS))
    assert "Python" in console.export_text()


def test_the_command_measures_in_processes_and_says_what_is_missing(tmp_path, monkeypatch):
    rows = (
        ("cub_product", "CUB", "product", False),
        ("no_such_job", "CUB", "broken", False),
        ("torchreid_cython", "MSMT17", "Cython", True),
    )
    monkeypatch.setattr(evaluation, "ROWS", rows)
    monkeypatch.setenv("PYTHONPATH", str(blocked(tmp_path)))
    console = Console(file=io.StringIO(), width=150)
    status = evaluation.bench_evaluation(console, out=tmp_path / "out", quick=True)
    said = console.file.getvalue()
    assert status == 1
    assert "KeyError: 'no_such_job'" in said
    assert f"not installed: {evaluation.INSTALL}" in said
    lines = list(csv.DictReader((tmp_path / "out" / "table.csv").open()))
    assert [line["what"] for line in lines] == ["product", "broken", "Cython"]
    assert float(lines[0]["seconds"]) > 0 and lines[0]["queries"] == "400"
    assert "evaluation --quick" in (tmp_path / "out" / "table.md").read_text()


def blocked(folder):
    """A folder that makes fastreid impossible to find, whether it is installed or not."""
    path = folder / "blocked"
    path.mkdir()
    (path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'fastreid':\n"
        "            raise ModuleNotFoundError(\"No module named 'fastreid'\")\n"
        "sys.meta_path.insert(0, Hidden())\n"
    )
    return path


def test_this_process_stays_small():
    """A child's peak memory starts at its parent's, so the parent must not load torch."""
    program = (
        "import sys, benchmark.__main__, benchmark.bench.evaluation.bench\n"
        "assert not {'torch', 'pandas', 'mmengine'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
