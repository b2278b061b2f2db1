"""`bench gpu`, on a CPU: that its sections run, and that a failure is seen and nothing is lost."""

import io
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from benchmark.__main__ import main
from benchmark.bench.gpu import bench, kernels, mappings, objectives, ranking
from benchmark.bench.gpu.bench import SECTIONS, bench_gpu
from benchmark.bench.gpu.checks import Check, Conditions, Task, at_most, holds, made, not_measured
from benchmark.bench.gpu.comparison import compared
from benchmark.ending import SuiteInterruptedError
from benchmark.errors import UserError


def run(only: list[str], out: Path, **options: Any) -> tuple[int, str, dict[str, Any]]:
    """The status, what was printed, and the record."""
    text = io.StringIO()
    options = {"device": "cpu", "quick": True, **options}
    status = bench_gpu(Console(file=text), out=out, only=only, **options)
    return status, text.getvalue(), json.loads((out / "gpu.json").read_text(encoding="utf-8"))


def verdicts(record: dict[str, Any], section: str) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in record["sections"][section]}


def test_sections_that_need_torch_alone_agree_on_a_cpu(tmp_path: Path) -> None:
    only = ["kernels", "objectives", "evaluation", "compiled", "synchronisations"]
    status, printed, record = run(only, tmp_path)
    assert status == 0, printed
    assert list(record["sections"]) == list(record["seconds"])
    assert record["complete"] and record["verdict"] == "passed"
    found = verdicts(record, "kernels")
    for rule in ("quantile", "mean", "random", "inverse"):
        for kind in ("proxies", "pairs", "cosines"):
            assert any(name.startswith(f"{kind} {rule}, D = 64, many ties") for name in found)
    assert [name for name, verdict in found.items() if verdict != "passed"] == [
        "features on a GPU are computed by triton"
    ]
    assert set(verdicts(record, "objectives").values()) == {"passed"}
    assert len(record["sections"]["objectives"]) == 2 * len(objectives.NAMES)
    assert set(verdicts(record, "evaluation").values()) == {"passed"}
    # Without a GPU these are named, and don't count.
    for section in ("compiled", "synchronisations"):
        assert set(verdicts(record, section).values()) == {"not measured"}
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert page.splitlines()[2].startswith("**passed: ")
    assert "3 not measured" in page.splitlines()[2]
    assert "there is no GPU here" in page


def test_a_wrong_kernel_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = Conditions("cpu", True, Path())
    similarity = mappings.proxy_similarity
    monkeypatch.setattr(mappings, "proxy_similarity", lambda *a, **b: similarity(*a, **b) * 1.0001)
    failed = [check.name for check in made(kernels.tasks, conditions) if check.verdict == "failed"]
    assert failed and all(name.startswith("proxies") for name in failed)


def test_a_nan_is_no_agreement() -> None:
    wrong = torch.tensor([1.0, torch.nan])
    assert compared("", [wrong], [torch.ones(2)], ()).verdict == "failed"
    assert compared("", [torch.ones(2)], [torch.ones(2)], ()).verdict == "passed"
    assert at_most("", float("nan"), 1.0).verdict == "failed"


def test_wrong_ranks_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.evaluation.ranking import ranks

    right = ranks.positive_ranks

    def wrong(*given: Any, block: int | None, **options: Any) -> ranks.Ranks:
        found = right(*given, block=block, **options)
        return found if block != 7 else ranks.Ranks(found.ranks + 1, found.counts)

    monkeypatch.setattr(ranks, "positive_ranks", wrong)
    checks = list(made(ranking.tasks, Conditions("cpu", True, Path())))
    failed = {check.name for check in checks if check.verdict == "failed"}
    assert failed == {check.name for check in checks if "blocks of 7" in check.name}


def of_tasks(monkeypatch: pytest.MonkeyPatch, *tasks: Task) -> None:
    monkeypatch.setattr(kernels, "tasks", lambda conditions: tasks)


def broken() -> Iterator[Check]:
    yield holds("the first half", True, "so")
    raise RuntimeError("one line\nCUDA error: an illegal access")


def test_an_error_is_a_failed_check_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_tasks(monkeypatch, Task("broken", broken), Task("whole", lambda: [at_most("w", 1.0, 2.0)]))
    status, printed, record = run(["kernels"], tmp_path)
    assert status == 1
    assert verdicts(record, "kernels") == {
        "the first half": "passed",
        "broken": "failed",
        "w": "passed",
    }
    found = record["sections"]["kernels"][1]
    assert found["note"] == "RuntimeError: CUDA error: an illegal access"
    assert any("broken" in line for line in found["details"]["traceback"])
    assert "failed: broken: RuntimeError: CUDA error: an illegal access" in printed
    assert "failed: 2 of 3 checks passed" in printed


def test_a_section_whose_package_is_missing_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Iterator[Check]:
        import no_such_package  # noqa: F401

        yield holds("never", True, "")

    of_tasks(monkeypatch, Task("missing", missing))
    status, _, record = run(["kernels"], tmp_path)
    assert status == 0 and record["verdict"] == "nothing judged"
    assert record["sections"]["kernels"][0]["note"] == "no_such_package is not installed"


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SuiteInterruptedError(signal.SIGTERM)])
def test_what_was_found_before_an_end_is_kept(
    end: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended() -> Iterator[Check]:
        yield at_most("begun", 1.0, 2.0)
        raise end

    of_tasks(monkeypatch, Task("done", lambda: [at_most("done", 1.0, 2.0)]))
    monkeypatch.setattr(objectives, "tasks", lambda conditions: [Task("ended", ended)])
    with pytest.raises(type(end)):
        run(["kernels", "objectives", "evaluation"], tmp_path)
    record = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert verdicts(record, "kernels") == {"done": "passed"}
    assert verdicts(record, "objectives") == {"begun": "passed"}
    assert not record["complete"] and record["verdict"] == "not complete"
    assert record["sections"]["evaluation"] == []
    assert "the test ended before this section" in (tmp_path / "README.md").read_text("utf-8")


def test_a_finished_section_is_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    def look(conditions: Conditions) -> list[Task]:
        found.append(json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8")))
        return []

    of_tasks(monkeypatch, Task("done", lambda: [at_most("done", 1.0, 2.0)]))
    monkeypatch.setattr(objectives, "tasks", look)
    run(["kernels", "objectives"], tmp_path)
    assert verdicts(found[0], "kernels") == {"done": "passed"}


def test_no_check_begins_after_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow() -> list[Check]:
        time.sleep(0.2)
        return [holds("slow", True, "so")]

    of_tasks(monkeypatch, Task("slow", slow), Task("late", slow))
    _, _, record = run(["kernels"], tmp_path, limit=0.1)
    found = record["sections"]["kernels"]
    assert [check["verdict"] for check in found] == ["passed", "not measured"]
    assert found[1]["note"] == "the time was up"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_there_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "gpu"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "finds no GPU here" in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ["kernel"]}, "the sections are kernels, objectives"),
        ({"limit": 0.0}, "above 0 seconds"),
        ({"data_root": Path("nowhere")}, "there is no such folder"),
    ],
)
def test_bad_requests(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        bench_gpu(Console(file=io.StringIO()), device="cpu", **options)


def test_every_section_has_its_title_and_text() -> None:
    from benchmark.bench.gpu import page

    assert set(SECTIONS) == set(page.TITLES) == set(page.TEXTS)
    assert not_measured("a", "b").verdict in page.ORDER
    assert bench.machine("cpu")["torch"] == torch.__version__
