"""Downloads from a server that misbehaves."""

import misbehaving_server as server
import pytest
from archives import CONTENT, OTHER, archive_of, names

from benchmark.data.upkeep import download as downloading
from benchmark.data.upkeep.download import download, part_of
from benchmark.errors import UserError

QUICK = (0.0, 0.0)


@pytest.fixture
def fetch(host, tmp_path):
    """Download CONTENT into `tmp_path` from a server that follows a script."""

    def run(*script, **options):
        host.script = list(script)
        return download(archive_of(CONTENT, host.address), tmp_path, waits=QUICK, **options)

    return run


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
    ("script", "message", "kept"),
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
def test_nothing_wrong_takes_the_place_of_the_file(fetch, host, tmp_path, script, message, kept):
    with pytest.raises(UserError, match=message):
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
    calls = []
    path = fetch(server.falls_silent(CONTENT, 1000, 1.0), server.serves(CONTENT), log=calls.append)
    assert path.read_bytes() == CONTENT
    assert "timed out" in calls[0]
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
    for wrong, message in ((OTHER, "its MD5 is"), (CONTENT[:9], "it has 9 bytes, not 700,000")):
        path.write_bytes(wrong)
        with pytest.raises(UserError, match=f"{message}.*Move it away"):
            fetch(server.serves(CONTENT))
        assert path.read_bytes() == wrong
    assert host.asked == []


def test_progress_is_told_in_bytes(fetch):
    calls = []
    fetch(server.breaks_off(CONTENT, 400_000), server.serves(CONTENT), on_bytes=calls.append)
    assert calls == sorted(calls)
    assert {400_000, 700_000} <= set(calls)


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
