"""What can't be trained on or evaluated is refused when the data set is made, and by the check."""

import pytest

from benchmark import registry
from benchmark.__main__ import main
from benchmark.data.photographs.transforms import RetrievalCrop
from benchmark.entries import Entry
from benchmark.errors import UserError

TINY = RetrievalCrop(size=8, resize=8)
FOLD = {"folds": 2, "fold": 0, "seed": 0}


def make(kind, **options):
    return registry.build(registry.DATASETS, Entry.of(kind, **options), "dataset")


def keep_one_image_a_class(folder):
    for path in folder.rglob("*.PNG"):
        if path.stem != "0":
            path.unlink()


def keep_one_camera(folder):
    """Query and gallery show each identity by the same camera alone."""
    for part in ("query", "bounding_box_test"):
        for path in (folder / part).glob("*_c3*.jpg"):
            path.unlink()


def refused(kind, capsys, *overrides, **options):
    """What loading says, which the check must say as well, in one line and with status 2."""
    with pytest.raises(UserError) as raised:
        make(kind, **options).load(TINY)
    capsys.readouterr()
    assert main(["data", "check", kind, *overrides]) == 2
    assert capsys.readouterr().err == f"error: {raised.value}\n"
    return str(raised.value)


def test_one_image_a_class_cannot_be_found(tree, capsys):
    folder = tree("image_folder")
    keep_one_image_a_class(folder)
    message = refused("image_folder", capsys)
    assert message.startswith(f"{folder}: no class to test on has a second image")
    assert "Add images" in message


def test_one_class_of_two_images_is_enough(tree, paint):
    folder = tree("image_folder")
    tested = make("image_folder").load(TINY).query.images.paths[0].parent
    keep_one_image_a_class(folder)
    paint(tested / "more.PNG", seed=77)
    assert len(make("image_folder").load(TINY).query.images) == 5


def test_a_query_needs_another_camera(tree, capsys):
    folder = tree("reid_folder")
    keep_one_camera(folder)
    message = refused("reid_folder", capsys)
    assert message.startswith(f"{folder}: no query has a gallery image of its identity by another")
    assert "correct identities and cameras" in message


def test_a_part_of_a_release_needs_matches_too(tree):
    keep_one_camera(tree("market1501"))
    with pytest.raises(UserError, match=r"Market-1501-v15\.09\.15: no query has .*Unpack it again"):
        make("market1501", allow_partial=True).load(TINY)


def test_one_match_in_the_gallery_is_enough(tree, paint):
    folder = tree("reid_folder")
    keep_one_camera(folder)
    paint(folder / "bounding_box_test" / "0003_c2s1_000002_01.jpg", (8, 16))
    assert len(make("reid_folder").load(TINY).query.images) == 3


def test_distractors_are_no_match(tree, paint):
    folder = tree("reid_folder")
    for path in (folder / "bounding_box_test").glob("*.jpg"):
        if not path.name.startswith("0000"):
            path.unlink()
    with pytest.raises(UserError, match="no query has a gallery image"):
        make("reid_folder").load(TINY)


def test_a_fold_is_judged_after_it_is_made(tree, capsys):
    folder = tree("image_folder")
    trained = {p.parent.name for p in make("image_folder").load(TINY).train.images.paths}
    for name in trained:
        keep_one_image_a_class(folder / name)
    make("image_folder").load(TINY)
    override = 'dataset.validation={"folds": 2, "fold": 0, "seed": 0}'
    message = refused("image_folder", capsys, override, validation=FOLD)
    assert message.startswith(f"{folder}, validation fold 1 of 2: no class to test on")
    assert "Take another fold, or other folds (dataset.validation)." in message


def test_a_fold_by_one_camera(tree, capsys):
    folder = tree("reid_folder")
    for path in (folder / "bounding_box_train").glob("*_c3*.jpg"):
        path.unlink()
    override = 'dataset.validation={"folds": 2, "fold": 0, "seed": 0}'
    message = refused("reid_folder", capsys, override, validation=FOLD)
    assert "validation fold 1 of 2: no query has a gallery image" in message


def test_three_classes_are_told_of_the_share_that_is_tested(tree, capsys):
    folder = tree("image_folder")
    for number in range(3, 8):
        (folder / f"kind {number}").rename(folder / f".kind {number}")
    message = refused("image_folder", capsys)
    assert "fewer than 2 classes to train on" in message
    assert "change dataset.test_share=0.5, the share of the 3 classes that is tested" in message
    assert make("image_folder", test_share=0.3).load(TINY).classes == 2


def test_the_check_tells_what_a_fold_holds(tree, capsys):
    tree("cub200")
    override = 'dataset.validation={"folds": 2, "fold": 1, "seed": 0}'
    assert main(["data", "check", "cub200", override]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "CUB-200-2011, validation fold 2 of 2" in printed
    assert (
        "validation fold 2 of 2 holds 2 train classes, 6 train images, 2 test classes, "
        "6 test images" in printed
    )
    assert main(["data", "check", "cub200", override.replace("2,", "9,", 1)]) == 2
    assert "can't be divided into 9 folds" in capsys.readouterr().err
