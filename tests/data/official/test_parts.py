"""Parts of releases: refused unless allowed, and named by what they are."""

import pytest
from registered import make

from benchmark.data.official import counts, parts
from benchmark.data.official.parts import KnownPart
from benchmark.data.photographs.transforms import RetrievalCrop
from benchmark.errors import UserError

TINY = RetrievalCrop(size=8, resize=8)
KINDS = ["cub200", "cars196", "cars196_devkit", "market1501", "msmt17"]


def test_a_part_of_msmt17_is_named_with_its_version_and_use(build):
    folder = build("msmt17", version="V2")
    lines = (folder / "list_train.txt").read_text().splitlines(keepends=True)
    (folder / "list_train.txt").write_text("".join(lines[1:]))
    part = make("msmt17", version="V2", train_on="train", allow_partial=True).load(TINY)
    assert part.name == "MSMT17-V2, train alone (partial: 33 of 34 images)"


def test_a_part_is_refused_unless_allowed_and_then_named(build, monkeypatch):
    monkeypatch.setitem(
        counts.OFFICIAL,
        "CUB-200-2011",
        {"train classes": 6, "train images": 20, "test classes": 6, "test images": 24},
    )
    build("cub200")
    differing = "8 of 12 classes, 24 of 44 images"
    with pytest.raises(UserError, match=f"{differing}.*--allow-partial"):
        make("cub200").load(TINY)
    part = make("cub200", allow_partial=True).load(TINY)
    assert part.name == "CUB-200-2011 (partial: 8 of 12 classes)"
    assert make("cub200").status().remedy == f"a part: --allow-partial as {part.name}"
    note = f"A part of CUB-200-2011: {differing}; 2 of the 4 classes tested are "
    assert part.note.startswith(note)
    known = KnownPart("CUB-8", "classes 1 to 8 of CUB-200-2011", make("cub200").status().counts)
    monkeypatch.setitem(parts.PARTS, "CUB-200-2011", [known])
    part = make("cub200", allow_partial=True).load(TINY)
    assert part.name == "CUB-8"
    assert part.note == (
        f"Classes 1 to 8 of CUB-200-2011: {differing}; 2 of the 4 classes tested are training "
        "classes of the release. Results don't compare with published ones."
    )


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_whole_release_in_its_own_halves_is_official(build, kind):
    folder = build(kind)
    assert make(kind).load(TINY).official
    fold = {"folds": 2, "fold": 0, "seed": 0}
    assert not make(kind, validation=fold).load(TINY).official
    for path in folder.rglob("*.jpg"):
        path.unlink()
        break
    assert not make(kind, allow_partial=True).load(TINY).official


def test_a_part_with_every_class_is_named_by_its_images(build, monkeypatch):
    whole = {"train classes": 4, "train images": 20, "test classes": 4, "test images": 24}
    monkeypatch.setitem(counts.OFFICIAL, "Cars196", whole)
    build("cars196")
    data = make("cars196", allow_partial=True).load(TINY)
    assert data.name == "Cars196 (partial: 24 of 44 images)"


def test_a_whole_set_keeps_its_name_where_parts_are_allowed(build):
    build("market1501")
    assert make("market1501", allow_partial=True).load(TINY).name == "Market-1501"


def test_more_than_the_release_is_no_part(build, paint):
    folder = build("market1501")
    paint(folder / "bounding_box_train" / "0044_c1s1_000001_00.jpg")
    with pytest.raises(UserError, match=r"5 of 4 train identities.*too much to be a part"):
        make("market1501", allow_partial=True).load(TINY)
