"""Downloads from a server that misbehaves, unpacking, and the command data prepare."""

import dataclasses
import hashlib
import io
import os
import signal
import tarfile
import threading
import time

import misbehaving_server as server
import numpy as np
import pytest

from benchmark.__main__ import main
from benchmark.data import Cub200
from benchmark.data.official.source import Archive
from benchmark.data.root import VARIABLE
from benchmark.data.upkeep import download as downloading
from benchmark.data.upkeep.download import download, part_of
from benchmark.data.upkeep.unpack import unpack
from benchmark.errors import UserError

CONTENT = np.random.default_rng(0).bytes(700_000)
OTHER = np.random.default_rng(1).bytes(700_000)
QUICK = (0.0, 0.0)


@pytest.fixture
def host(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with server.MisbehavingServer() as running:
        yield running


def archive_of(content, address):
    md5 = hashlib.md5(content).hexdigest()
    return Archive("CUB_200_2011.tgz", address, len(content), md5, "CUB_200_2011")


@pytest.fixture
def fetch(host, tmp_path):
    """Download CONTENT into `tmp_path` from a server that follows a script."""

    def run(*script, **options):
        host.script = list(script)
        return download(archive_of(CONTENT, host.address), tmp_path, waits=QUICK, **options)

    return run


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("script", "asked"),
    [
        ([server.serves(CONTENT)], [None]),
        ([server.redirects("/elsewhere"), server.serves(CONTENT)], [None, None]),
        ([server.is_slow(CONTENT, 7, 0.02)], [None]),
        (
            [server.breaks_off(CONTENT, 300_000), server.serves(CONTENT)],
            [None, "bytes=300000-"],
        ),
        (
            [server.breaks_off(CONTENT, 100_000)],
            [None, *(f"bytes={n}00000-" for n in range(1, 7))],
        ),
        ([server.lies_about_length(CONTENT, 5000)], [None]),
        (
            [server.lies_about_length(CONTENT, -5000), server.serves(CONTENT)],
            [None, "bytes=695000-"],
        ),
        ([server.breaks_off(CONTENT, 9), server.ignores_range(CONTENT)], [None, "bytes=9-"]),
        ([server.breaks_off(CONTENT, 0), server.serves(CONTENT)], [None, None]),
        (
            [
                server.breaks_off(CONTENT, 9),
                server.sends_range(CONTENT, "bytes 0-699999/700000"),
                server.serves(CONTENT),
            ],
            [None, "bytes=9-", None],
        ),
        (
            [
                server.breaks_off(CONTENT, 9),
                server.sends_range(OTHER[9:], "bytes 9-899999/900000"),
                server.serves(CONTENT),
            ],
            [None, "bytes=9-", None],
        ),
        ([server.answers(503), server.answers(500), server.serves(CONTENT)], [None] * 3),
    ],
    ids=[
        *("as it should be", "redirected", "slow", "breaks off once", "breaks off again and again"),
        *("claims more", "claims less", "ignores the range", "breaks off at once", "other range"),
        *("range of another file", "recovers from errors"),
    ],
)
def test_the_whole_file_arrives(fetch, host, tmp_path, script, asked):
    path = fetch(*script)
    assert path.read_bytes() == CONTENT
    assert names(tmp_path) == ["CUB_200_2011.tgz"]
    assert host.asked == asked


@pytest.mark.parametrize(
    ("script", "told", "kept"),
    [
        ([server.shows_page()], "web page", 0),
        ([server.shows_page("application/gzip")], "web page", 0),
        ([server.redirects("/login"), server.shows_page()], r"web page \(\S+/login\)", 0),
        ([server.answers(403)], "refuses it .403", 0),
        ([server.answers(404)], "refuses it .404", 0),
        ([server.answers(500)], "broke off 3 times .*500.* at 0 of 700,000", 0),
        ([server.serves(OTHER)], "MD5 is .*removed", 0),
        ([server.serves(CONTENT[:5])], "broke off 3 times", 0),
        ([server.breaks_off(CONTENT, 9), server.answers(404)], "refuses it .404", 9),
        ([server.breaks_off(CONTENT, 9), server.shows_page()], "web page", 9),
        ([server.breaks_off(CONTENT, 9), server.shows_page("binary/x")], "web page", 9),
        (
            [server.breaks_off(CONTENT, 9), server.breaks_off(CONTENT, 0)],
            "broke off 3 times without progress .* at 9 of 700,000 bytes.* goes on from there",
            9,
        ),
    ],
)
def test_nothing_wrong_takes_the_place_of_the_file(fetch, host, tmp_path, script, told, kept):
    with pytest.raises(UserError, match=told):
        fetch(*script)
    part = part_of(archive_of(CONTENT, ""), tmp_path)
    assert names(tmp_path) == ([part.name] if kept else [])
    assert not kept or part.read_bytes() == CONTENT[:kept]
    assert len(host.asked) <= 6
    assert fetch(server.serves(CONTENT)).read_bytes() == CONTENT


def test_a_refusal_is_not_repeated(fetch, host):
    with pytest.raises(UserError):
        fetch(server.answers(404))
    assert len(host.asked) == 1


def test_silence_is_a_broken_connection(fetch, host, monkeypatch):
    monkeypatch.setattr(downloading, "SILENCE", 0.2)
    told = []
    path = fetch(server.falls_silent(CONTENT, 1000, 1.0), server.serves(CONTENT), say=told.append)
    assert path.read_bytes() == CONTENT
    assert "timed out" in told[0]
    assert host.asked[0] is None


def test_an_address_without_a_server(tmp_path):
    with server.MisbehavingServer() as gone:
        address = gone.address
    with pytest.raises(UserError, match=r"broke off 3 times .*refused"):
        download(archive_of(CONTENT, address), tmp_path, waits=QUICK)
    assert names(tmp_path) == []


def test_a_part_of_something_else_is_found_out_and_removed(fetch, tmp_path):
    part = part_of(archive_of(CONTENT, ""), tmp_path)
    part.write_bytes(OTHER[:1000])
    with pytest.raises(UserError, match="MD5 is"):
        fetch(server.serves(CONTENT))
    assert names(tmp_path) == []


@pytest.mark.parametrize("extra", [0, 10])
def test_a_part_that_is_whole_or_too_long(fetch, host, tmp_path, extra):
    part_of(archive_of(CONTENT, ""), tmp_path).write_bytes(CONTENT + OTHER[:extra])
    assert fetch(server.serves(CONTENT)).read_bytes() == CONTENT
    assert len(host.asked) == (1 if extra else 0)


def test_the_file_that_is_there_is_verified_and_taken(fetch, host, tmp_path):
    path = tmp_path / "CUB_200_2011.tgz"
    path.write_bytes(CONTENT)
    assert fetch(server.answers(404)) == path
    for wrong, told in ((OTHER, "its MD5 is"), (CONTENT[:9], "it has 9 bytes, not 700,000")):
        path.write_bytes(wrong)
        with pytest.raises(UserError, match=f"{told}.*Move it away"):
            fetch(server.serves(CONTENT))
        assert path.read_bytes() == wrong
    assert host.asked == []


def test_progress_is_told_in_bytes(fetch):
    told = []
    fetch(server.breaks_off(CONTENT, 400_000), server.serves(CONTENT), tell=told.append)
    assert told == sorted(told)
    assert {400_000, 700_000} <= set(told)


def test_no_room_is_told_before_the_first_byte(fetch, host, monkeypatch):
    usage = type("Usage", (), {"free": 1_000_000})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    with pytest.raises(UserError, match="GB are free"):
        fetch(server.serves(CONTENT))
    assert host.asked == []


def test_a_full_disk_is_no_broken_connection(fetch, host, tmp_path):
    part_of(archive_of(CONTENT, ""), tmp_path).symlink_to("/dev/full")
    with pytest.raises(UserError, match=r"can't be written .No space left"):
        fetch(server.serves(CONTENT))
    assert len(host.asked) == 1


@pytest.fixture(autouse=True)
def interruptible():
    """A shell that starts the tests in its background lets them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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


def packed(*members):
    """A tgz of (name, content); a content of None makes a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type = tarfile.DIRTYPE
                info.mode = 0o755
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content or b""))
    return stream.getvalue()


def test_unpack_moves_the_folder_into_place(tmp_path):
    path = tmp_path / "a.tgz"
    path.write_bytes(packed(("CUB/x/1.jpg", b"one"), ("attributes.txt", b"two")))
    told = []
    unpack(path, tmp_path / "CUB", told.append)
    assert names(tmp_path) == ["CUB", "a.tgz"]
    assert (tmp_path / "CUB" / "x" / "1.jpg").read_bytes() == b"one"
    assert told == [3, 6]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (packed(("CUB/x/1.jpg", OTHER))[:-9000], "can't be unpacked"),
        (OTHER, "can't be unpacked"),
        (b"", "can't be unpacked"),
        (packed(("CUB/../../outside", b"x")), "can't be unpacked"),
        (packed(("CUB", b"a file")), "holds no folder CUB"),
        (packed(("birds/1.jpg", b"x")), "holds no folder CUB"),
    ],
    ids=["cut", "noise", "empty", "leaves its folder", "file for a folder", "another folder"],
)
def test_unpack_leaves_nothing_of_a_bad_archive(tmp_path, content, told):
    below = tmp_path / "root"
    below.mkdir()
    (below / "a.tgz").write_bytes(content)
    with pytest.raises(UserError, match=told):
        unpack(below / "a.tgz", below / "CUB")
    assert names(below) == ["a.tgz"]
    assert names(tmp_path) == ["root"]


def test_unpack_overwrites_nothing(tmp_path):
    (tmp_path / "a.tgz").write_bytes(packed(("CUB/1.jpg", b"new")))
    (tmp_path / "CUB").mkdir()
    (tmp_path / "CUB" / "1.jpg").write_bytes(b"old")
    with pytest.raises(UserError, match="nothing is overwritten"):
        unpack(tmp_path / "a.tgz", tmp_path / "CUB")
    assert (tmp_path / "CUB" / "1.jpg").read_bytes() == b"old"


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
    assert "Whole and sound" in printed
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
    assert "not whole and sound" in printed
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
    for arguments, told in (
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
        assert told in error
        assert len(error.strip().splitlines()) == 1
