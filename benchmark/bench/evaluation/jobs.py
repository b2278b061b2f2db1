"""What `bench evaluation` measures: one job in a process of its own.

    python -m benchmark.bench.evaluation.jobs JOB FOLDER [QUERIES]

reads the features from FOLDER, does the job once for a few queries to warm up and once for the
clock, and prints what `measure` returns as JSON. Of the other packages only the files that are
needed are loaded: torchreid and fastreid import most of a person re-identification system.
"""

import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from benchmark.evaluation import REID, RETRIEVAL, per_query, rank_blocks

Arrays = dict[str, npt.NDArray]
Metrics = dict[str, float]
# Queries that are searched before the clock starts.
WARM_UP = 20


class Job(NamedTuple):
    """A function to measure, and the name `data` of its features."""

    data: str
    do: Callable[[Arrays], Metrics]


def _msmt17(a: Arrays) -> Metrics:
    q, g = torch.from_numpy(a["q"]), torch.from_numpy(a["g"])
    ranks = rank_blocks(q, a["ql"], g, a["gl"], query_cameras=a["qc"], gallery_cameras=a["gc"])
    return per_query(ranks, REID).means()


def _cub(a: Arrays) -> Metrics:
    ranks = rank_blocks(torch.from_numpy(a["x"]), a["labels"])
    return per_query(ranks, RETRIEVAL).means()


def _crowd(a: Arrays) -> Metrics:
    q, g = torch.from_numpy(a["q"]), torch.from_numpy(a["g"])
    return per_query(rank_blocks(q, a["ql"], g, a["gl"]), RETRIEVAL).means()


def _product(a: Arrays) -> Metrics:
    """Every similarity, in tiles of 1024 by 2048 that are dropped at once."""
    q = torch.from_numpy(a["q"] if "q" in a else a["x"])
    g = torch.from_numpy(a["g"] if "g" in a else a["x"])
    for queries in q.split(1024):
        for strip in g.split(2048):
            F.linear(queries, strip)
    return {}


def _torchreid_files() -> Path:
    return _package("torchreid") / "reid" / "metrics"


def _package(name: str) -> Path:
    """The folder of an installed package, which isn't imported."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return Path(found.submodule_search_locations[0])


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.name.partition(".")[0], path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _torchreid_distances(a: Arrays) -> npt.NDArray:
    distance = _load(_torchreid_files() / "distance.py")
    q, g = torch.from_numpy(a["q"]), torch.from_numpy(a["g"])
    made: npt.NDArray = distance.compute_distance_matrix(q, g, metric="cosine").numpy()
    return made


def _torchreid_python(a: Arrays) -> Metrics:
    folder = _torchreid_files()
    # Its rank.py asks the package for a compiled module that its release doesn't have.
    sys.modules["torchreid"] = None  # type: ignore[assignment]
    rank = _load(folder / "rank.py")
    del sys.modules["torchreid"]
    cmc, average = rank.evaluate_rank(
        _torchreid_distances(a), a["ql"], a["gl"], a["qc"], a["gc"], use_cython=False
    )
    return {"cmc@1": float(cmc[0]), "map": float(average)}


def _torchreid_cython(a: Arrays) -> Metrics:
    cmc, averages, inverse = importlib.import_module("rank_cy").evaluate_cy(
        _torchreid_distances(a), a["ql"], a["gl"], a["qc"], a["gc"], 50
    )
    return {
        "cmc@1": float(cmc[0]),
        "map": float(np.mean(averages)),
        "minp": float(np.mean(inverse)),
    }


def _accuracy_calculator(k: str | None) -> Callable[[Arrays], Metrics]:
    def measure(a: Arrays) -> Metrics:
        ours = {
            "precision_at_1": "recall@1",
            "r_precision": "r_precision",
            "mean_average_precision_at_r": "map@r",
            "mean_average_precision": "map",
        }
        if k == "max_bin_count":
            del ours["mean_average_precision"]
        module = importlib.import_module("pytorch_metric_learning.utils.accuracy_calculator")
        calculator = module.AccuracyCalculator(include=tuple(ours), k=k, device=torch.device("cpu"))
        parts = ("q", "ql", "g", "gl") if "q" in a else ("x", "labels")
        found = calculator.get_accuracy(*(torch.from_numpy(a[part]) for part in parts))
        return {ours[name]: float(value) for name, value in found.items()}

    return measure


JOBS = {
    "msmt17": Job("msmt17", _msmt17),
    "msmt17_product": Job("msmt17", _product),
    "torchreid_python": Job("msmt17", _torchreid_python),
    "torchreid_cython": Job("msmt17", _torchreid_cython),
    "cub": Job("cub", _cub),
    "cub_product": Job("cub", _product),
    "crowd": Job("crowd", _crowd),
    "crowd_product": Job("crowd", _product),
    "accuracy_calculator_crowd": Job("crowd", _accuracy_calculator(None)),
    "accuracy_calculator": Job("cub", _accuracy_calculator(None)),
    "accuracy_calculator_short": Job("cub", _accuracy_calculator("max_bin_count")),
}


def build(folder: Path) -> None:
    """Compile torchreid's Cython code into `folder`, from where it is imported.

    torchreid 0.2.5 was released without it. fastreid 1.4.0 has it, with mINP added.
    """
    source = _package("fastreid") / "evaluation" / "rank_cylib" / "rank_cy.pyx"
    done = subprocess.run(
        [sys.executable, "-m", "Cython.Build.Cythonize", "--inplace", shutil.copy(source, folder)],
        env={**os.environ, "CFLAGS": f"{os.environ.get('CFLAGS', '')} -I{np.get_include()}"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"rank_cy.pyx can't be built: {done.stderr.strip().splitlines()[-1]}")


def measure(job: Job, folder: Path, most: int | None) -> dict[str, Any]:
    """Do a job with all queries, or with the first `most`."""
    arrays = {
        path.stem.partition("-")[2]: np.load(path) for path in folder.glob(f"{job.data}-*.npy")
    }
    arrays = _first(arrays, most)
    job.do(_first(arrays, WARM_UP))
    started, busy = time.perf_counter(), time.process_time()
    metrics = job.do(arrays)
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - busy,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "queries": len(arrays["ql" if "ql" in arrays else "labels"]),
        "threads": torch.get_num_threads(),
        "metrics": metrics,
    }


def _first(arrays: Arrays, queries: int | None) -> Arrays:
    """The arrays with the first queries alone, in the whole gallery where there is one."""
    cut = ("q", "ql", "qc", "x", "labels")
    return {name: array[:queries] if name in cut else array for name, array in arrays.items()}


def main(name: str, folder: str, most: str | None = None) -> None:
    """Build the Cython code, or do a job and print what was measured."""
    if name == "build":
        build(Path(folder))
        return
    sys.path.insert(0, folder)
    print(json.dumps(measure(JOBS[name], Path(folder), int(most) if most else None)))


if __name__ == "__main__":
    main(*sys.argv[1:])
