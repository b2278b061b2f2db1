"""The command data prepare: downloads, goes on, explains, and overwrites nothing."""

import dataclasses
import io
import os
import signal
import tarfile
import threading
import time

import misbehaving_server as server
import pytest
from archives import archive_of, names

from benchmark.__main__ import main
from benchmark.data import Cub200
from benchmark.data.root import VARIABLE


def interrupts(content, after):
    """Sends `after` bytes, and then Ctrl-C to the client."""

    def behave(handler):
        handler.head(200, Content_Length=len(content))
        handler.wfile.write(content[:after])
        handler.wfile.flush()
        time.sleep(0.3)  # until the client has read them and waits for more
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.3)

    return behave


@pytest.fixture
def birds(build, host, tmp_path, monkeypatch):
    """A small CUB-200-2011 on the server; returns its archive, and an empty data root."""
    folder = build("cub200")
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        tar.add(folder, "CUB_200_2011")
    folder.rename(tmp_path / "packed")
    content = stream.getvalue()
    archive = archive_of(content, host.address)
    monkeypatch.setattr(Cub200, "source", dataclasses.replace(Cub200.source, archive=archive))
    monkeypatch.delenv(VARIABLE)
    host.script = [server.serves(content)]
    return content, tmp_path / "new" / "root"


def test_prepare_downloads_unpacks_and_checks(birds, host, capsys):
    _, root = birds
    assert main(["data", "prepare", "cub200", "--data-root", str(root)]) == 0
    assert names(root) == ["CUB_200_2011", "CUB_200_2011.tgz"]
    printed = capsys.readouterr().out
    assert "24 images opened: nothing missing" in printed
    assert "Complete and sound" in printed
    assert main(["data", "prepare", "cub200", "--data-root", str(root)]) == 0
    assert "nothing was downloaded" in capsys.readouterr().out
    assert len(host.asked) == 1


def test_prepare_goes_on_after_an_interruption(birds, host, capsys):
    content, root = birds
    host.script = [interrupts(content, 1000), server.serves(content)]
    assert main(["data", "prepare", "cub200", "--data-root", str(root)]) == 130
    assert "the next call goes on from there" in capsys.readouterr().err
    assert names(root) == ["CUB_200_2011.tgz.part"]
    assert (root / "CUB_200_2011.tgz.part").read_bytes() == content[:1000]
    assert main(["data", "prepare", "cub200", "--data-root", str(root)]) == 0
    assert host.asked == [None, "bytes=1000-"]


def test_prepare_says_the_steps_where_the_download_fails(birds, host, capsys):
    _, root = birds
    host.script = [server.shows_page()]
    assert main(["data", "prepare", "cub200", "--data-root", str(root)]) == 2
    printed = capsys.readouterr()
    assert "web page" in printed.err
    assert len(printed.err.strip().splitlines()) == 1
    assert "By hand" in printed.out
    assert f"Put it into {root}" in " ".join(printed.out.split())
    assert names(root) == []


def test_prepare_overwrites_nothing(birds, host, capsys):
    _, root = birds
    assert main(["data", "prepare", "cub200", "--data-root", str(root)]) == 0
    images = sorted((root / "CUB_200_2011" / "images").rglob("*.jpg"))
    images[0].write_bytes(images[0].read_bytes()[:-100])
    capsys.readouterr()
    assert main(["data", "prepare", "cub200", "--data-root", str(root)]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "not complete and sound" in printed
    assert f"Move {root / 'CUB_200_2011'} away" in printed
    assert len(host.asked) == 1


@pytest.mark.parametrize("name", ["cars196", "market1501", "msmt17"])
def test_prepare_prints_steps_for_the_others(tmp_path, capsys, name):
    root = tmp_path / "data"
    root.mkdir()
    assert main(["data", "prepare", name, "--data-root", str(root)]) == 1
    lines = capsys.readouterr().out.splitlines()
    numbers = [line.split(".")[0].strip() for line in lines if line[:3].strip().isdigit()]
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)]
    assert lines[-1].split() == (
        f"python -m benchmark data check {name} --data-root {root}".split()
    )
    text = " ".join(" ".join(lines).split())
    assert "research" in text
    assert str(root) in text
    assert names(root) == []


@pytest.mark.parametrize("name", ["cars196", "market1501", "msmt17"])
def test_prepare_prints_steps_for_a_root_that_is_not_there_yet(tmp_path, capsys, name):
    root = tmp_path / "new" / "root"
    assert main(["data", "prepare", name, "--data-root", str(root)]) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    assert f"data check {name} --data-root {root}" in printed.out
    assert str(root) in " ".join(printed.out.split("\n")[:-2])
    assert not root.exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert main(["data", "prepare", name, "--data-root", "mine"]) == 1
    assert f"{tmp_path / 'mine'}/" in "".join(capsys.readouterr().out.split())


def test_prepare_needs_a_release_and_a_root(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    for arguments, message in (
        (["typefaces"], "no release that could be prepared"),
        (["image_folder"], "no release that could be prepared"),
        (["cub201"], "no dataset named 'cub201'"),
        (["cub200"], "--data-root DIR"),
        (["msmt17", "dataset.version=V3"], "V1 or V2"),
        (["cub200", "--data-root", os.devnull], "can't be made"),
        (["market1501", "--data-root", os.devnull], "Not a directory"),
    ):
        assert main(["data", "prepare", *arguments]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert len(error.strip().splitlines()) == 1
