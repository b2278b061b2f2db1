"""`bench conformance`: that it compares everything, and notices what differs."""

import csv
import io
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from rich.console import Console
from torch import Tensor

from benchmark.__main__ import main
from benchmark.bench.conformance import bench as conformance
from benchmark.bench.conformance import cases_mapping, cases_pair, cases_proxy
from benchmark.bench.conformance.agreement import largest_differences, measure, value_and_gradients
from benchmark.bench.conformance.bench import QUICK, bench_conformance
from benchmark.bench.conformance.formulas_pair import FORMULAS as PAIR
from benchmark.bench.conformance.formulas_proxy import FORMULAS as PROXY

FLOATS = ("float32", "float64")
RULES = ("quantile", "mean", "random", "inverse", "soft")
REFUSED = {("masked_distance", "inverse"), ("contributions", "inverse")}


def test_quick_run_compares_everything(tmp_path: Path) -> None:
    text, threads = io.StringIO(), torch.get_num_threads()
    assert bench_conformance(Console(file=text), out=tmp_path, quick=True) == 0
    assert torch.get_num_threads() == threads
    assert max(map(len, text.getvalue().splitlines()[:-1])) <= 150  # the last names a path

    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    compared = {(line["compared"], line["oracle"], line["dtype"]) for line in lines}
    assert len(compared) == len(lines)
    absent = {("proxy_nca", "library", ""), ("softmax", "library", "")}
    assert compared == absent | {
        (key, oracle, dtype)
        for key in (*PROXY, *PAIR)
        for oracle in ("formula", "library")
        for dtype in FLOATS
        if (key, oracle, "") not in absent
    } | {
        (f"DAM {mapping} {rule}{', 2 centres' * (centres == 2)} by {by}", "definition", dtype)
        for mapping, centres, by in cases_mapping.PROXY_MAPPINGS
        for rule in RULES
        for dtype in FLOATS
        if (mapping, rule) not in REFUSED
    } | {
        (f"DAM {similarity} of pairs {rule} by {by}", "definition", dtype)
        for similarity, by in cases_mapping.PAIR_SIMILARITIES
        for rule in RULES
        for dtype in FLOATS
    }
    for line in lines:
        if not line["dtype"]:
            assert line["source"].startswith("none: the library")
            assert f"{line['compared']}, library: {line['source']}" in text.getvalue()
            continue
        assert line["agrees"] == "yes"
        assert line["cases"] == str(QUICK)
        assert float(line["value"]) <= float(line["tolerance"])
        gradients = [key for key in line if key.startswith("gradient") and line[key]]
        mapped = line["compared"].startswith("DAM") and " of pairs " not in line["compared"]
        learns = mapped or line["compared"] in PROXY or line["compared"].startswith("margin")
        assert len(gradients) == 1 + learns

    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert page.count("\n| ") == 2 + len(lines)  # with the heading and the rule
    assert f"torch {torch.__version__}".partition("+")[0] in page
    assert "pytorch-metric-learning 2." in page


def run(monkeypatch: pytest.MonkeyPatch, *comparisons: conformance.Comparison) -> tuple[int, str]:
    monkeypatch.setattr(conformance, "comparisons", lambda: list(comparisons))
    text = io.StringIO()
    return bench_conformance(Console(file=text), quick=True), text.getvalue()


def test_a_formula_that_differs_by_a_little(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = PROXY["norm_softmax"]
    compare = partial(cases_proxy.against_formula, "norm_softmax")
    monkeypatch.setitem(PROXY, "norm_softmax", lambda *batch: exact(*batch) * (1 + 1e-8))
    status, printed = run(monkeypatch, compare)
    assert status == 1
    assert "1 of 2 agree" in printed  # 1e-8 is within float32's tolerance
    assert "NO" in printed


def test_a_gradient_that_differs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = PAIR["margin"]

    def constant_boundary(S: Tensor, positive: Tensor, beta: Tensor) -> Tensor:
        return exact(S, positive, beta=beta.detach())

    monkeypatch.setitem(PAIR, "margin", constant_boundary)
    found = cases_pair.against_formula("margin", torch.float64, 10)
    assert found.value < 1e-12
    assert found.gradients["similarities"] < 1e-12
    assert found.gradients["beta"] > 0.1
    assert not found.agrees


def test_a_mapping_that_keeps_other_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = cases_mapping.PAIR_DEFINITIONS["masked_distance"]
    compare = partial(cases_mapping.pair_mapping, "masked_distance", "numba", "quantile")
    assert run(monkeypatch, compare)[0] == 0

    def positives_as_negatives(features: Tensor, labels: Tensor, *others: object) -> Tensor:
        return exact(features, torch.arange(len(labels)), *others)

    monkeypatch.setitem(cases_mapping.PAIR_DEFINITIONS, "masked_distance", positives_as_negatives)
    assert run(monkeypatch, compare)[0] == 1


def test_an_objective_without_oracles_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    status, printed = run(
        monkeypatch,
        partial(cases_pair.against_formula, "npair"),
        partial(cases_pair.against_formula, "newest"),
        partial(cases_proxy.against_library, "newest"),
    )
    assert status == 0
    assert "newest, formula: none: not in bench/conformance/formulas_pair.py" in printed
    assert "newest, library: none: no loss of it is chosen" in printed


def test_registered_objectives_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance, "names", lambda registry: ["newest"])
    keys = [call.args[0] for call in conformance.comparisons()]
    assert keys.count("newest") == 4  # two oracles in each of the two registries


def test_without_the_library(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning.losses", None)
    assert main(["bench", "conformance", "--quick"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: the oracles need pytorch-metric-learning")
    assert len(message.strip().splitlines()) == 1


def test_differences_are_relative_to_the_largest_entry_or_to_one() -> None:
    found = [torch.tensor([20.0, 3.0]), torch.tensor(0.25), torch.tensor([[1.0], [torch.nan]])]
    expected = [torch.tensor([20.0, 1.0]), torch.tensor(0.5), torch.tensor([[1.0], [2.0]])]
    largest = largest_differences(found, expected)
    assert largest[:2].tolist() == [0.1, 0.25]
    assert largest[2].isnan()
    with pytest.raises(ValueError, match=r"\[2\] can't be compared with an oracle's \[3\]"):
        largest_differences([torch.ones(2)], [torch.ones(3)])


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_not_a_number_in_any_case_does_not_agree(wrong: int) -> None:
    def compare(case: int) -> tuple[list[Tensor], list[Tensor]]:
        number = float("nan") if case == wrong else 0.0
        return [torch.zeros(()), torch.tensor([number, 0.0])], [torch.zeros(()), torch.zeros(2)]

    found = measure("any", "formula", "none", torch.float32, ["features"], compare, 3)
    assert not found.agrees
    assert found.cases == 3
    assert found.nonzero == 0


def test_cases_without_an_answer_do_not_count() -> None:
    def compare(case: int) -> tuple[list[Tensor], list[Tensor] | None]:
        value = [torch.tensor(float(case))]
        return value, value if case % 3 == 0 else None

    found = measure("any", "formula", "none", torch.float64, [], compare, 3)
    assert (found.cases, found.nonzero, found.value) == (2, 1, 0.0)  # cases 0 and 3 of 0 to 5
    found = measure("any", "formula", "none", torch.float64, [], lambda case: (None, None), 3)
    assert not found.agrees


def test_gradients_of_what_a_value_does_not_depend_on_are_zero() -> None:
    a, b, chosen = torch.tensor([1.0, 2.0]), torch.ones(3), torch.tensor([1])
    value, to_a, to_b = value_and_gradients(lambda a, b, chosen: a[chosen] * 3, a, b, chosen)
    assert value.tolist() == [6.0]
    assert to_a.tolist() == [0.0, 3.0]
    assert to_b.tolist() == [0.0] * 3


def test_mapping_cases_have_equal_differences_and_take_several_blocks() -> None:
    tied = blocks = 0
    for case in range(50):
        _, features, proxies, _, _ = cases_mapping.draw(case)
        gaps = (proxies.unsqueeze(1) - proxies).abs().flatten(0, 1)
        assert torch.equal(gaps.float().double(), gaps)
        tied += any(len(set(row)) < len(row) for row in gaps.tolist() if any(row))
        blocks += features.shape[0] * proxies.numel() > cases_mapping.BLOCK
    assert tied >= 1
    assert blocks > 25
