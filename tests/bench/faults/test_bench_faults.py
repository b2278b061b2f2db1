"""`bench faults`: that it kills, that what was killed goes on, and that a loss is noticed."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from run_configs import run_config
from safetensors.torch import save_file

from benchmark.bench.faults.operations import Operations
from benchmark.bench.faults.store import differences, outcome
from benchmark.bench.faults.table import by_kind, readme
from benchmark.durable import write_json
from benchmark.suite.execution import request
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.attempts import Attempts
from benchmark.suite.store.runs import run_folder, write_result


def test_a_few_kills_lose_nothing(tmp_path: Path) -> None:
    """In a process of its own, which forks the others from a state without further threads."""
    command = [sys.executable, "-m", "benchmark", "bench", "faults", "--kills", "6", "--quick"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = re.search(r"attempted (\d+) trials with (\d+) kills, survived (\d+)", done.stdout)
    assert said is not None
    attempted, kills, survived = map(int, said.groups())
    assert attempted == survived and kills >= 6
    with (tmp_path / "out" / "kills.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == attempted and all(row["fault"] == "" for row in rows)
    writes = [row["kills"] for row in rows if row["kind"].startswith("before a write")]
    assert len(set(writes)) == 4 and all(len(name.split()) == 2 for name in writes)
    assert said[0] in (tmp_path / "out" / "README.md").read_text()


def test_operations_are_named_and_the_process_ends_before_one(tmp_path: Path) -> None:
    operations = Operations(tmp_path)
    with operations.watched():
        write_json(tmp_path / "a.json", {})
        (tmp_path / "a.json").unlink()
        tmp_path.stat()
    kinds = [name.split()[0] for name in operations.names]
    assert kinds == ["mkdir", "write", "fsync", "replace", "fsync", "unlink"]
    assert operations.names[3] == "replace /a.json"
    before = set(tmp_path.iterdir())
    child = os.fork()
    if child == 0:
        with Operations(tmp_path, kill=3).watched():
            write_json(tmp_path / "a.json", {})
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == 9
    (left,) = set(tmp_path.iterdir()) - before
    assert left.name.endswith(".part")


def make_store(out: Path) -> str:
    """A store of one finished run, whose id is returned."""
    run = PlannedRun(run_config())
    request([run], out)
    folder = run_folder(out, run.id)
    attempts = Attempts(folder, {"commit": "a"}, False)
    save_file({"w": torch.arange(5.0)}, folder / "weights.safetensors")
    np.savez(folder / "per_query.npz", label=np.arange(5))
    write_result(folder, {"state": "finished", "metrics": {"recall@1": 0.5}})
    attempts.end("finished")
    return run.id


def test_what_is_lost_or_changed_is_noticed(tmp_path: Path) -> None:
    out = tmp_path / "store"
    run_id = make_store(out)
    expected = outcome(out)
    assert differences(out, expected) == []
    assert differences(out, {**expected, "other": "{}"}) == ["other is missing"]
    folder = out / "runs" / run_id
    (folder / ".x.json.0a1b2c3d.part").write_text("half")
    assert differences(out, expected) == [f"{run_id}: .x.json.0a1b2c3d.part was left behind"]
    (folder / "claim-000003.json").write_text("{}")
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    found = " ".join(differences(out, expected))
    assert "claim-000003.json stayed" in found
    assert "weights.safetensors isn't what the run wrote" in found
    changed = {name: json.loads(text) for name, text in expected.items()}
    changed[run_id]["metrics"]["recall@1"] += 1e-12
    strict = {name: json.dumps(one, sort_keys=True) for name, one in changed.items()}
    assert any(text.startswith(f"{run_id} differs") for text in differences(out, strict))


def test_a_loss_is_counted() -> None:
    rows = [
        {"kind": "a", "kills": ["x", "y"], "fault": ""},
        {"kind": "b", "kills": [], "fault": ""},
        {"kind": "a", "kills": ["z"], "fault": "weights differ"},
    ]
    table = by_kind(rows)
    assert table.to_numpy().tolist() == [["a", 2, 3, 1], ["b", 1, 0, 1]]
    text = readme(table, "python -m benchmark bench faults --kills 3")
    assert "attempted 3 trials with 3 kills, survived 2" in text
    assert "| a | 2 | 3 | 1 |" in text
