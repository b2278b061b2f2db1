"""Each damaged tree is loaded right, or refused by a message that names the place and a remedy.

The trees come from the generator in `damage`, which knows what must come of each.
"""

import pytest
from damage.collection import kinds, variants
from damage.judging.verdict import GreyLevels, faults
from damage.tree.copies import Tree, restore
from damage.tree.layouts import LAYOUTS

from benchmark import registry
from benchmark.data.root import VARIABLE
from benchmark.entries import Entry
from benchmark.errors import UserError

CASES = [(name, kind) for name in LAYOUTS for kind in kinds(name)]

EVERYWHERE = {
    "missing list",
    "empty class",
    "wrong count",
    "non-image",
    "truncated image",
    "unicode and space in names",
    "symlink loop",
    "unreadable file",
    "duplicate id",
    "label gap",
    "CMYK image",
    "grey image",
    "16-bit image",
    "huge image",
}
MEANINGLESS = {
    "market1501": {"missing list"},
    "reid_folder": {"missing list"},
    # Its classes are folders: no list, no numbers, and a name can't be there twice.
    "image_folder": {"missing list", "duplicate id", "label gap"},
}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_damaged_tree(build, tmp_path, tmp_path_factory, monkeypatch, name, kind):
    layout = LAYOUTS[name]
    build(layout.entry["type"] if layout.build else name, **layout.build)
    root = tmp_path_factory.mktemp("damaged")
    monkeypatch.setenv(VARIABLE, str(root))
    monkeypatch.chdir(tmp_path)
    found = []
    for variant in (variant for variant in variants(name) if variant.kind == kind):
        restore(root, tmp_path)
        variant.damage(Tree(layout, root / layout.folder))
        found += faults(layout, variant, root)
    assert not found, "\n".join([f"{len(found)} faults:", *found])
    assert not (tmp_path / "unpickled").exists()


@pytest.mark.parametrize("name", ["image_folder", "reid_folder"])
def test_an_own_folder_whose_name_is_not_utf8(build, name):
    folder = build(name)
    folder.rename(folder.with_name("Stra\udcdfe"))
    dataset = registry.build(registry.DATASETS, Entry.of(name, path="Stra\udcdfe"), "dataset")
    with pytest.raises(UserError, match=r"Stra\\xdfe: the name is not in UTF-8\. Rename it"):
        dataset.load(GreyLevels())


@pytest.mark.parametrize("name", LAYOUTS)
def test_there_are_enough_variants_of_every_kind(name):
    made = variants(name)
    assert len({variant.name for variant in made}) == len(made) >= 200
    assert EVERYWHERE - set(kinds(name)) == MEANINGLESS.get(name, set())
