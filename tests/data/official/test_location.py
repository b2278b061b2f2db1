"""Releases that were unpacked a folder too deep, and what is said of those that lie elsewhere."""

import pytest
from registered import make

from benchmark.data.root import VARIABLE
from benchmark.errors import UserError

KINDS = ["cub200", "cars196", "cars196_devkit", "market1501", "msmt17"]


def moved(folder, *inside):
    """Move a folder into others, the last of which is its new name."""
    goal = folder.parent.joinpath(*inside)
    aside = folder.rename(folder.with_name("aside"))
    goal.parent.mkdir(parents=True, exist_ok=True)
    return aside.rename(goal)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [2, 3])
def test_a_release_within_folders_of_its_own_name_is_found(build, kind, depth):
    folder = build(kind)
    inner = moved(folder, *[folder.name] * depth)
    dataset = make(kind.removesuffix("_devkit"))
    assert dataset.find() == inner
    assert dataset.status().found


@pytest.mark.parametrize("version", ["V1", "V2"])
def test_both_versions_of_msmt17_are_found_in_nested_folders(build, version):
    folder = build("msmt17", version=version)
    inner = moved(folder, folder.name, folder.name)
    assert make("msmt17", version=version).find() == inner


def test_a_whole_folder_is_preferred_to_an_empty_one(build, tmp_path):
    folder = build("market1501")
    moved(folder, "market1501")
    (tmp_path / "Market-1501-v15.09.15").mkdir()
    assert make("market1501").find() == tmp_path / "market1501"


@pytest.mark.parametrize("kind", KINDS)
def test_the_data_root_that_would_do_is_named(build, kind, tmp_path, monkeypatch):
    folder = build(kind)
    dataset = make(kind.removesuffix("_devkit"))
    monkeypatch.setenv(VARIABLE, str(folder))
    with pytest.raises(UserError, match=rf"is the release itself. Give --data-root {tmp_path}\."):
        dataset.find()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    inner = moved(folder, "downloads", folder.name)
    with pytest.raises(UserError, match=rf"It lies in {inner}. Give --data-root {inner.parent}\."):
        dataset.find()
    renamed = moved(inner.parent, "birds, cars and people")
    (renamed / folder.name).rename(tmp_path / "other")
    with pytest.raises(UserError, match=rf"seems to lie in {tmp_path / 'other'}. Rename that to"):
        dataset.find()
