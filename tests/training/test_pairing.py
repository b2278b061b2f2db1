"""Paired runs, end to end on a few classes: what must be equal, and what a run leaves."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from small_runs import configured, finished, keep_in

import benchmark.training.run
from benchmark.data.dataset import DataSet, Images
from benchmark.errors import UserError
from benchmark.evaluation import Evaluation
from benchmark.evaluation.untrained import FOLDER
from benchmark.models.digests import digest
from benchmark.report.pairing import pair
from benchmark.run_config import RunConfig
from benchmark.suite.store.runs import StoredRun
from benchmark.suite.store.stored_files import Environment, Result
from benchmark.training.building import build_model, build_optimiser
from benchmark.training.environment import device_name
from benchmark.training.per_query import read_per_query

pytestmark = pytest.mark.usefixtures("few_classes")


@pytest.mark.parametrize(
    "objective", ["norm_softmax", "proxy_anchor", "multi_similarity", "triplet"]
)
def test_arms_are_paired_and_all_is_the_baseline(
    objective: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline, weights = finished(configured(objective, "baseline"), tmp_path / "baseline")
    everything = "arms.dam.similarity.rule=all"
    same, same_weights = finished(configured(objective, "dam", everything), tmp_path / "all")
    assert same["digests"] == baseline["digests"]
    assert same["metrics"] == baseline["metrics"]
    assert [e["loss"] for e in same["history"]] == [e["loss"] for e in baseline["history"]]
    assert weights.keys() == same_weights.keys()
    assert all(torch.equal(weights[name], same_weights[name]) for name in weights)

    for arm in ("dam", "random"):
        keep_in(monkeypatch, tmp_path / f"cache of {arm}")
        other, _ = finished(configured(objective, arm), tmp_path / arm)
        assert other["untrained"] == baseline["untrained"]
        for shared in ("initial_weights", "batches"):
            assert other["digests"][shared] == baseline["digests"][shared]
        assert other["digests"]["final_weights"] != baseline["digests"]["final_weights"]


def test_an_arm_with_running_means_is_paired(tmp_path: Path) -> None:
    baseline, _ = finished(configured("norm_softmax", "baseline"), tmp_path / "baseline")
    similarity = {"type": "dam", "difference": "running_means"}
    config = RunConfig.model_validate(
        configured("norm_softmax", "dam").model_dump() | {"similarity": similarity}
    )
    other, weights = finished(config, tmp_path / "dam")
    assert weights["loss.running_means.means"].isfinite().all()
    for shared in ("initial_weights", "batches"):
        assert other["digests"][shared] == baseline["digests"][shared]


@pytest.mark.parametrize("objective", ["norm_softmax", "joint"])
def test_what_a_pair_shares_is_all_but_what_the_arm_adds(objective: str) -> None:
    def shared(difference: str, rivals: list[str]) -> tuple[str, str]:
        similarity: dict[str, Any] = {"type": "dam", "difference": difference}
        entry: dict[str, Any] = {"type": objective}
        if objective == "joint":
            entry |= {"proxy": {"type": "norm_softmax"}, "pair": {"type": "triplet"}}
            similarity = {"type": "joint", "proxy": similarity, "pair": {"type": "dam"}}
        config = RunConfig.model_validate(
            configured("norm_softmax", "dam").model_dump()
            | {"objective": entry, "similarity": similarity}
            | {"rivals": [{"type": rival} for rival in rivals]}
        )
        model = build_model(config, classes=8)
        return digest(model, without=model.added_by_arm), digest(model)

    plain, all_of_it = shared("proxies", [])
    assert plain == all_of_it
    for difference, rivals in [
        ("running_means", []),
        ("proxies", ["cbam"]),
        ("running_means", ["cbam"]),
    ]:
        same, whole = shared(difference, rivals)
        assert same == plain and whole != plain


def test_the_untrained_network_is_evaluated_once_for_all_arms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    evaluated = benchmark.training.run.evaluate

    def counted(*arguments: Any, **options: Any) -> Evaluation:
        calls.append(options["distance"])
        return evaluated(*arguments, **options)

    monkeypatch.setattr("benchmark.training.run.evaluate", counted)
    keep_in(monkeypatch, tmp_path / "cache")
    first, _ = finished(configured("norm_softmax", "baseline"), tmp_path / "1")
    assert len(calls) == 2
    for number, (objective, arm) in enumerate([("norm_softmax", "dam"), ("proxy_anchor", "dam")]):
        other, _ = finished(configured(objective, arm), tmp_path / f"other{number}")
        assert other["untrained"] == first["untrained"]
    assert len(calls) == 4  # another objective has the same network, and other proxies
    another, _ = finished(configured("norm_softmax", "baseline", seed=1), tmp_path / "seed")
    assert another["untrained"] != first["untrained"]
    assert len(calls) == 6

    keep_in(monkeypatch, tmp_path / "empty")
    again, _ = finished(configured("norm_softmax", "baseline"), tmp_path / "again")
    assert again["digests"] == first["digests"]
    assert (again["untrained"], again["metrics"]) == (first["untrained"], first["metrics"])


def test_processors_of_one_name_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = tmp_path / "cpuinfo"
    monkeypatch.setattr("benchmark.training.environment.CPU", listing)
    found = []
    for model in (1, 17):
        listing.write_text(
            f"cpu family\t: 25\nmodel\t\t: {model}\nmodel name\t: A Processor\n\n" * 2
        )
        found.append(device_name("cpu"))
    instructions = torch.backends.cpu.get_cpu_capability()
    assert found == [f"A Processor, family 25, model {n}, {instructions}" for n in (1, 17)]
    listing.unlink()
    assert device_name("cpu").endswith(f", {instructions}")


def test_seeds_change_weights_and_batches(tmp_path: Path) -> None:
    first, _ = finished(configured("triplet", "baseline"), tmp_path / "0")
    second, _ = finished(configured("triplet", "baseline", seed=1), tmp_path / "1")
    assert first["digests"]["initial_weights"] != second["digests"]["initial_weights"]
    assert first["digests"]["batches"] != second["digests"]["batches"]


def test_folder_holds_weights_and_log_and_no_checkpoint(tmp_path: Path) -> None:
    result, weights = finished(configured("proxy_anchor", "dam"), tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "data.json",
        "elements.npz",
        "log.txt",
        "per_query.npz",
        "weights.safetensors",
    ]
    assert "epoch 1 of " in (tmp_path / "run" / "log.txt").read_text()
    assert weights["loss.proxies"].shape == (8, 16)
    assert [entry["epoch"] for entry in result["history"]] == [1, 2]
    assert result["dataset"]["train_classes"] == 8
    assert result["dataset"]["query_images"] == 72
    stored = read_per_query(tmp_path / "run")
    assert stored is not None and len(stored.labels) == 72
    for name, values in stored.values.items():
        assert np.nanmean(values) == pytest.approx(result["metrics"][name], abs=1e-12)


def test_a_loss_that_is_no_number_is_refused(tmp_path: Path) -> None:
    config = configured("norm_softmax", "baseline", "optimiser.lr=1e18")
    with pytest.raises(UserError, match="the loss became nan in epoch 1, step"):
        finished(config, tmp_path / "run")


def test_every_parameter_is_in_a_group_and_proxies_have_their_rate() -> None:
    config = configured("norm_softmax", "baseline")
    model = build_model(config, classes=8)
    groups = build_optimiser(config, model).optimizer.param_groups
    held = {id(p) for group in groups for p in group["params"]}
    assert held == {id(p) for p in model.parameters()}
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    rate = config.optimiser.options["lr"]
    assert rates[id(model.loss.proxies)] == rate * config.proxy_rate
    assert rates[id(model.embedding.weight)] == rate


class OtherDecoder:
    """The images of the same files, in one of which one level differs."""

    def __init__(self, images: Images) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def batch(
        self, indices: npt.NDArray[np.int64], seeds: npt.NDArray[np.uint64] | None
    ) -> torch.Tensor:
        images = self.images.batch(indices, seeds)
        images[indices == 5, 0, 3, 4] += 1 / 127.5
        return images

    def digests(self) -> tuple[str, str]:
        return self.images.digests()


def stored(config: RunConfig, result: dict[str, Any], folder: Path) -> StoredRun:
    return StoredRun("id", folder, config, Result.model_validate(result), Environment())


def test_another_decoder_breaks_the_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configs = [configured("norm_softmax", arm, "epochs=1") for arm in ("baseline", "dam")]
    first, same = (finished(config, tmp_path / config.arm)[0] for config in configs)
    load = benchmark.training.run.load_inputs

    def otherwise(config: RunConfig) -> DataSet:
        dataset = load(config)
        images = OtherDecoder(dataset.query.images)
        return replace(dataset, query=replace(dataset.query, images=images))

    monkeypatch.setattr("benchmark.training.run.load_inputs", otherwise)
    other, _ = finished(configs[1], tmp_path / "other")
    baseline, arm, apart = (
        stored(config, result, tmp_path)
        for config, result in zip([*configs, configs[1]], [first, same, other], strict=True)
    )
    assert pair({0: arm}, {0: baseline}).runs[0] == (arm, baseline)
    assert pair({0: apart}, {0: baseline}).broken == {0: "evaluated pixels differ"}
    changed = {name for name in first["digests"] if same["digests"][name] != other["digests"][name]}
    assert changed == {"evaluated"}

    # What the cache holds of the untrained network is of the other pixels.
    assert same["untrained"] == first["untrained"] != {}
    assert other["untrained"] == {} and same["warnings"] == []
    (warning,) = other["warnings"]
    assert warning.startswith("the untrained network was evaluated on other pixels")
    assert FOLDER in warning
