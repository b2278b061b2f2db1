"""The suites for own images: batches fit the classes that there are, and tables have a name."""

from itertools import product
from pathlib import Path

import pytest
from PIL import Image

from benchmark.suite.plan import plan
from benchmark.training.building import load_dataset

RANDOM = "backbone={'type': 'efficientnet_lite0', 'weights': None}"


def picture(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 16), (shade, 90, 200)).save(path)


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Six classes of three images."""
    for label, shot in product(range(6), range(3)):
        picture(tmp_path / "flowers" / f"kind {label}" / f"{shot}.png", 40 * label + shot)
    return tmp_path / "flowers"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Three identities to train on and two to test on, by two cameras."""
    for identity, camera, shot in product((1, 2, 3), (1, 2), range(2)):
        name = f"{identity:04}_c{camera}s1_{shot}.png"
        picture(tmp_path / "people" / "bounding_box_train" / name, 50 * identity + shot)
    for part, identity, camera in product(("query", "bounding_box_test"), (5, 6), (1, 2)):
        name = f"{identity:04}_c{camera}s1_0.png"
        picture(tmp_path / "people" / part / name, 40 * identity + camera)
    return tmp_path / "people"


@pytest.mark.parametrize(
    ("suite", "objectives", "classes"),
    [
        ("own", {"norm_softmax", "proxy_anchor", "multi_similarity", "triplet"}, 3),
        ("own_reid", {"joint"}, 3),
    ],
)
def test_batches_fit_the_classes_and_tables_have_the_users_name(
    suite: str, objectives: set[str], classes: int, flowers: Path, people: Path
) -> None:
    folder = flowers if suite == "own" else people
    runs = plan(
        suite,
        overrides=[f"dataset.path={folder}", "dataset.name=My own", RANDOM],
        seeds=[0],
        device="cpu",
    )
    assert {run.config.objective_name for run in runs} == objectives
    assert {run.config.arm for run in runs} == {"baseline", "dam", "random"}
    assert {run.config.sampler.classes for run in runs} == {classes}
    dataset = load_dataset(runs[0].config)
    assert (dataset.name, dataset.classes) == ("My own", classes)
