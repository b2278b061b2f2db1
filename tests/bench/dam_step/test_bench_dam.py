"""`bench dam`: that it runs, how it reports sizes that fail, and what its numbers mean."""

import contextlib
import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.__main__ import main
from benchmark.bench.dam_step import measurement
from benchmark.bench.dam_step.bench import QUICK, SIZES, measure
from benchmark.bench.dam_step.measurement import labels_of, loss_of, loss_step, time_in_turn
from benchmark.bench.dam_step.table import Answer, Row, shown, stored
from benchmark.bench.table import as_csv


@pytest.fixture
def one_process(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Measurements after the first run in this process, as loading torch takes seconds in each.

    The commands that were asked for, the first of them in a process of its own.
    """
    original = subprocess.run
    commands: list[list[str]] = []

    def run(command: list[str], **how: Any) -> subprocess.CompletedProcess[bytes]:
        if "benchmark.bench.dam_step.measurement" not in command:
            return original(command, **how)
        commands.append(command)
        if len(commands) == 1:
            return original(command, **how)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            measurement.main(json.loads(command[-1]))
        return subprocess.CompletedProcess(command, 0, printed.getvalue().encode(), b"")

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_quick_run_prints_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], one_process: list[list[str]]
) -> None:
    asked = ["--quick", "--device", "cpu", "--threads", "1", "--out", str(tmp_path)]
    assert main(["bench", "dam", *asked]) == 0
    assert len(one_process) == 3 * len(QUICK)  # times, and the memory of each arm
    printed = capsys.readouterr().out
    lines = list(csv.DictReader((tmp_path / "table.csv").open(encoding="utf-8")))
    assert [line["size"] for line in lines] == [str(size) for size in QUICK]
    for line in lines:
        assert line["threads"] == "1"
        baseline, dam = float(line["baseline loss step (ms)"]), float(line["DAM loss step (ms)"])
        assert 0 < baseline < 1e5
        assert float(line["ratio"]) == pytest.approx(dam / baseline, rel=1e-3)
        assert float(line["DAM peak (MiB)"]) >= 0
    markdown = (tmp_path / "table.md").read_text(encoding="utf-8")
    for size in QUICK:
        assert f"| {size} |" in markdown
        assert str(size) in printed
    assert f"torch {torch.__version__}".partition("+")[0] in markdown


def test_an_exceeded_limit_is_reported() -> None:
    answer = measure({"size": {}}, limit=0.01)
    assert answer == Answer({}, "over 0.01 s")
    assert answer["baseline"] == "over 0.01 s"


def test_what_was_printed_before_the_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = b'{"baseline": 0.5, "rounds": 1}\n{"baseline": 0.25, "rounds": 2}\n{"baseli'

    def stopped(command: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(command, 3, output=printed)

    monkeypatch.setattr(subprocess, "run", stopped)
    times = measure({}, limit=3)
    row = Row(SIZES[0], times, Answer({}), {"baseline": times, "dam": times})
    cells = row.cells()
    assert cells["baseline loss step (ms)"] == 250
    assert cells["DAM loss step (ms)"] == "over 3 s"
    assert cells["ratio"] == cells["ResNet-50 step (ms)"] == "–"
    assert not row.failed
    written = as_csv(stored([row], {"device_name": "a, b", "threads": 2}))
    assert next(csv.DictReader(io.StringIO(written)))["device"] == "a, b"
    assert len(shown([row])) == 1


@pytest.mark.parametrize(
    ("code", "reason", "failed"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "out of memory", False),
        ("import torch; torch.empty(1 << 60)", "out of memory", False),
        ("raise RuntimeError('no such thing')", "failed: RuntimeError: no such thing", True),
        ("raise SystemExit(3)", "failed: status 3", True),
    ],
)
def test_why_a_measurement_is_missing(
    code: str, reason: str, failed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = subprocess.run
    monkeypatch.setattr(
        subprocess, "run", lambda command, **how: original([sys.executable, "-c", code], **how)
    )
    answer = measure({}, limit=60)
    assert answer.trouble == reason
    assert Row(SIZES[0], Answer({}), answer, {}).failed == failed


def test_steps_take_turns_and_the_least_time_counts() -> None:
    order: list[str] = []
    steps = {name: (lambda name=name: order.append(name)) for name in ("a", "b")}
    lines = list(time_in_turn(steps, "cpu", rounds=3, seconds=60))
    assert order == ["a", "b"] * 3
    assert [line["rounds"] for line in lines] == [1, 1, 2, 2, 3, 3]
    assert set(lines[0]) == {"a", "rounds"}  # at once, in case the next takes too long
    assert [line["a"] for line in lines] == sorted((line["a"] for line in lines), reverse=True)


def test_rounds_end_when_time_is_up() -> None:
    count: list[int] = []
    for _ in time_in_turn({"a": lambda: count.append(1)}, "cpu", rounds=50, seconds=0):
        pass
    assert len(count) == 1


@pytest.mark.parametrize("size", QUICK)
def test_arms_differ_in_the_mapping_alone(size) -> None:
    weights, labels = [], []
    for arm in ("baseline", "dam"):
        torch.manual_seed(0)
        loss = loss_of(size, arm)
        assert (loss.dam is None) == (arm == "baseline")
        weights.append(loss.state_dict())
        labels.append(labels_of(size))
        loss_step(size, arm, "cpu", head=True)()
    assert torch.equal(*labels)
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_memory_is_what_a_step_needs_at_most() -> None:
    code = """
import torch
from benchmark.bench.dam_step.measurement import peak_memory
print(peak_memory(lambda: lambda: torch.ones(24 << 20).sum(), "cpu"))
"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert 95 << 20 <= int(printed) < 160 << 20  # a little of it had been freed before


def test_requests_that_cannot_be_met(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["bench", "dam", "--device", "cuda"]) == 2
    assert "no GPU" in capsys.readouterr().err
    assert main(["bench", "dam", "--device", "cpu", "--limit", "0"]) == 2
    assert "--limit" in capsys.readouterr().err
