"""Images that a use of a data set leaves out are opened and counted by its check all the same."""

import pytest

from benchmark import registry
from benchmark.data.official import counts, market1501
from benchmark.data.upkeep.check import Finding, check
from benchmark.entries import Entry


def make(kind, **options):
    return registry.build(registry.DATASETS, Entry.of(kind, **options), "dataset")


def junk_of(folder):
    return next((folder / "bounding_box_test").glob("-1_*.jpg"))


@pytest.mark.parametrize("kind", ["market1501", "reid_folder"])
def test_junk_is_opened_and_counted(tree, kind):
    path = junk_of(tree(kind))
    assert check(make(kind)).aside == {"junk images": 1}
    path.write_bytes(path.read_bytes()[:-100])
    findings = check(make(kind))
    assert [one.path for one in findings.truncated] == [f"bounding_box_test/{path.name}"]
    assert not findings.ok


def test_junk_of_the_release_is_compared_and_makes_no_part(tree):
    path = junk_of(tree("market1501"))
    assert check(make("market1501")).official_aside == {"junk images": 1}
    path.unlink()
    findings = check(make("market1501"))
    assert findings.aside == {"junk images": 0}
    note = Finding("junk images", "0 of 1 are there; no result depends on them")
    assert findings.notes == (note,)
    assert not findings.partial


def test_junk_makes_up_the_gallery_folder():
    assert counts.MARKET_JUNK_IMAGES == market1501.MARKET_JUNK_IMAGES == 3819
    assert counts.OFFICIAL["Market-1501"]["gallery images"] + counts.MARKET_JUNK_IMAGES == 19732


@pytest.mark.parametrize("version", ["V1", "V2"])
def test_validation_images_that_are_not_trained_on_are_opened(tree, version):
    folder = tree("msmt17", version=version)
    dataset = make("msmt17", version=version, train_on="train")
    assert (
        check(dataset).aside == check(dataset).official_aside == {"validation images left out": 8}
    )
    first, second, *_ = sorted(path for path in folder.rglob("*val*.jpg"))
    first.unlink()
    second.write_text("no image at all, but long enough")
    findings = check(dataset)
    assert [one.path for one in findings.missing] == [str(first.relative_to(folder))]
    assert [one.path for one in findings.unreadable] == [str(second.relative_to(folder))]
    assert findings.aside == {"validation images left out": 7}
