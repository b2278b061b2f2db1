"""The command line as a user meets it, on typefaces."""

import contextlib
import csv
import errno
import io
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmark.__main__ import main
from benchmark.training import environment

ROOT = Path(__file__).parents[2]
QUICK = [
    "epochs=1",
    "dim=8",
    "backbone.width=2",
    "sampler.classes=50",
    "sampler.samples=10",
]


CHECK = "benchmark.suite.plan.check_first_steps"
"""What would find before training that a loss has no value."""


class Answer(NamedTuple):
    status: int
    stdout: str
    stderr: str


def benchmark(*arguments: str) -> Answer:
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        status = main(list(arguments))
    return Answer(status, stdout.getvalue(), stderr.getvalue())


def refused(*arguments: str) -> str:
    answer = benchmark(*arguments)
    assert answer.status == 2
    assert answer.stderr.startswith("error: ")
    assert len(answer.stderr.strip().splitlines()) == 1
    return answer.stderr


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite with one run that can't succeed."""
    folder = tmp_path_factory.mktemp("cli")
    suite = folder / "two.py"
    suite.write_text(
        "cases = [dict(dataset='typefaces', recipe='glyphs',\n"
        "              objectives=dict(softmax=dict(type='norm_softmax')))]\n"
        "arms = dict(baseline=dict(), dam=dict(similarity=dict(type='dam')),\n"
        "            broken=dict(similarity=dict(type='dam', joint=1e300)))\n"
        "seeds = [0, 1]\n"
    )
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(CHECK, lambda configs: None)  # as of a loss that breaks later
        answer = benchmark("run", "--suite", str(suite), "--out", str(folder / "out"), *QUICK)
    assert answer.status == 1, answer.stderr
    assert "the loss became nan" in answer.stderr.replace("\n", " ")
    (folder / "stdout").write_text(answer.stdout)
    return folder


def test_run_prints_table_and_page_and_lists_failures(out: Path) -> None:
    printed = (out / "stdout").read_text()
    assert "softmax" in printed
    assert "Δ Recall@1" in printed
    assert "Rendered type, not photographs" in " ".join(printed.split())
    assert "failed" in printed
    assert str(out / "out" / "report.html") in printed
    for name in ("table.csv", "table.md", "report.html", "figures"):
        assert (out / "out" / name).exists()
    with (out / "out" / "table.csv").open() as file:
        rows = list(csv.reader(file))
    assert len(rows) == 4  # the headings and three arms
    assert any("failed" in cell for cell in rows[0])


def test_second_call_trains_nothing_that_is_finished(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = str(out / "two.py")
    results = {p: p.stat().st_mtime_ns for p in (out / "out").glob("runs/*/weights.safetensors")}
    assert len(results) == 4
    known = environment.commit()["commit"] != environment.UNKNOWN
    monkeypatch.setattr(environment, "commit", lambda: {"commit": "0123456789ab"})
    monkeypatch.setattr(CHECK, lambda configs: None)
    answer = benchmark("run", "--suite", suite, "--out", str(out / "out"), *QUICK)
    assert answer.status == 1
    note = "note: 4 of the runs that are reused were made by another commit than 0123456789ab; "
    assert answer.stderr.count(note) == known
    assert "done:" not in answer.stderr
    assert {p: p.stat().st_mtime_ns for p in results} == results


def test_report_is_made_again_from_stored_runs(out: Path) -> None:
    page = out / "out" / "report.html"
    before = page.read_bytes()
    page.unlink()
    answer = benchmark("report", "--out", str(out / "out"))
    assert answer.status == 0, answer.stderr
    assert page.read_bytes() == before


def test_plan_lists_the_runs() -> None:
    answer = benchmark("plan", "--suite", "smoke", "--seeds", "0", *QUICK)
    assert answer.status == 0, answer.stderr
    assert "12 runs of 1 epoch, " in answer.stdout
    assert answer.stdout.count("norm_softmax") == 3


def test_data_list() -> None:
    answer = benchmark("data", "list")
    assert answer.status == 0, answer.stderr
    text = " ".join(answer.stdout.split())
    assert "typefaces yes" in text
    assert "6,200" in text


def test_unknown_suite_from_the_shell() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "benchmark", "plan", "--suite", "smoky"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: There is no suite 'smoky'")
    assert "Traceback" not in answer.stderr


def test_unknown_key(tmp_path: Path) -> None:
    message = refused("run", "--out", str(tmp_path / "out"), "epoch=3")
    assert "unknown key 'epoch'" in message
    assert not (tmp_path / "out").exists()


def test_unknown_argument() -> None:
    assert "unknown argument '--sed'" in refused("plan", "--sed", "0")


def test_unreadable_data_root(tmp_path: Path) -> None:
    message = refused("plan", "--data-root", str(tmp_path / "nowhere"))
    assert "the folder can't be read (No such file or directory)" in message
    file = tmp_path / "file"
    file.touch()
    assert "Not a directory" in refused("data", "list", "--data-root", str(file))


def test_no_runs_and_damaged_runs(tmp_path: Path) -> None:
    assert "There are no runs in" in refused("report", "--out", str(tmp_path))
    folder = tmp_path / "runs" / "abc"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{")
    message = refused("report", "--out", str(tmp_path))
    assert "config.json can't be read" in message
    assert "Remove the folder" in message


def test_out_that_cannot_be_made(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    message = refused("run", "--out", str(file / "out"), *QUICK)
    assert "can't be written (Not a directory). Move the file away" in message


@pytest.mark.parametrize("bench", ["evaluation", "dam", "conformance"])
def test_a_bench_looks_at_its_folder_before_it_measures(tmp_path: Path, bench: str) -> None:
    (tmp_path / "file").touch()
    message = refused("bench", bench, "--quick", "--out", str(tmp_path / "file"))
    assert "can't be written (File exists)" in message


def test_report_looks_at_its_folder_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(path: Path, content: bytes) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "write_bytes", read_only)
    message = refused("report", "--out", str(tmp_path))
    assert f"{tmp_path} can't be written (Read-only file system)" in message
    for command in (["report"], ["status"], ["store", "check"], ["store", "clean"]):
        assert "There are no runs in" in refused(*command, "--out", str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_may_not_be_read_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(folder: Path | None) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/data/CUB_200_2011")

    monkeypatch.setattr("benchmark.data.root.use_root", forbidden)
    assert "/data/CUB_200_2011: Permission denied. See that" in refused("plan")


def test_an_error_of_the_system_without_a_file_is_no_users(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(folder: Path | None) -> None:
        raise OSError("no file")

    monkeypatch.setattr("benchmark.data.root.use_root", interrupted)
    with pytest.raises(OSError, match="no file"):
        benchmark("plan")


def test_plan_names_the_shortest_and_the_longest_training(tmp_path: Path) -> None:
    suite = tmp_path / "lengths.py"
    suite.write_text(
        "_case = dict(dataset='typefaces', recipe='glyphs',\n"
        "             objectives=dict(softmax=dict(type='norm_softmax')))\n"
        "cases = [dict(_case, changes=dict(epochs=epochs)) for epochs in (7, 5, 10)]\n"
        "arms = dict(baseline=dict())\n"
        "seeds = [0]\n"
    )
    answer = benchmark("plan", "--suite", str(suite), *QUICK[1:])
    assert answer.status == 0, answer.stderr
    assert "3 runs of 5 to 10 epochs, " in answer.stdout


def test_arguments_that_argparse_refuses_take_one_line_too() -> None:
    assert "argument --kills: '0' is no whole number above 0. See" in refused(
        "bench", "faults", "--kills", "0"
    )
    assert "arguments are required: command" in refused()
    assert "invalid choice: 'plans'" in refused("plans")
    assert "become infinite in the first step with AdamW" in refused("plan", "optimiser.lr=1e308")
