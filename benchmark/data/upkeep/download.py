"""One file from a server, resumed where it broke off, and in its place only when verified.

pooch would be shorter, but it restarts a download that broke off and deletes what it had, reports a
login page as a file with a wrong hash, and doesn't check for room on the disk first. torch's and
torchvision's own downloads don't resume either.
"""

import errno
import hashlib
import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.data.official.source import Archive
from benchmark.errors import UserError
from benchmark.paths import exists

CHUNK = 1 << 18
"""Bytes read at a time, at most."""
SILENCE = 30.0
"""Seconds without a byte after which a connection counts as broken."""
WAITS = (1.0, 5.0, 15.0, 40.0)
"""Seconds before each new attempt that follows one without progress."""
PASSING = frozenset((408, 416, 425, 429, 500, 502, 503, 504))
"""Answers after which another attempt may succeed."""
DISK = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO))
"""Errors of the disk, which a connection doesn't raise."""

OnBytes = Callable[[int], None]
"""Called with the number of bytes so far, as the work goes on."""
Log = Callable[[str], None]
"""Called with a sentence about what happens."""


class _BrokenError(Exception):
    """The connection ended before the file did; another attempt may go on from there."""


def part_of(archive: Archive, folder: Path) -> Path:
    """Where an unfinished download is kept."""
    return folder / f"{archive.name}.part"


def download(
    archive: Archive,
    folder: Path,
    on_bytes: OnBytes = lambda size: None,
    log: Log = lambda sentence: None,
    waits: Sequence[float] = WAITS,
) -> Path:
    """The archive in `folder`, with its official size and checksum.

    A file of its name that is there already is verified and taken. Otherwise the download goes to
    the file that `part_of` names, from which the next call goes on after an interruption, and which
    is moved into place once it is verified. Sizes that the server states aren't relied on: the
    bytes received are counted.

    Raises UserError if the file that is there is another one, if the disk is too full, and if the
    server refuses, sends a web page or a file of another checksum, or breaks off without progress
    more often than there are `waits` (seconds).
    """
    goal, part = folder / archive.name, part_of(archive, folder)
    if exists(goal):
        log(f"verifying {goal}")
        fault = _fault(archive, goal)
        if fault:
            raise UserError(
                f"{goal} is not the official file: {fault}. Move it away, and call this again to "
                "download it."
            )
        return goal
    _require_space(archive, folder, part)
    furthest, fruitless = _size(part), 0
    while _size(part) != archive.size:
        try:
            _fetch(archive, part, on_bytes)
        except (_BrokenError, OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in DISK:
                raise UserError(
                    f"{part} can't be written ({error.strerror}). Make room or mend the folder's "
                    "permissions, and call this again: it goes on from there."
                ) from error
            fruitless = 0 if _size(part) > furthest else fruitless + 1
            furthest = max(furthest, _size(part))
            if fruitless > len(waits):
                raise UserError(
                    f"{archive.address}: the download broke off {fruitless} times without progress "
                    f"({_reason(error)}), at {_size(part):,} of {archive.size:,} bytes. Call this "
                    "again later: it goes on from there."
                ) from error
            wait = waits[max(fruitless - 1, 0)] if waits else 0.0
            log(f"broken off at {_size(part):,} bytes ({_reason(error)}); again in {wait:g} s")
            time.sleep(wait)
    log(f"verifying {part}")
    fault = _fault(archive, part)
    if fault:
        part.unlink()
        raise UserError(
            f"{archive.address} sent another file than the official one: {fault}. It was removed. "
            "Call this again; if it stays so, the source has changed."
        )
    part.replace(goal)
    return goal


def _require_space(archive: Archive, folder: Path, part: Path) -> None:
    """Raise UserError unless the rest of the archive and its unpacked contents fit on the disk."""
    # Photographs are compressed already: unpacked they are hardly larger than the archive.
    needed = archive.size - _size(part) + round(1.3 * archive.size)
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise UserError(
            f"{folder} can't be written to ({error.strerror}). Mend its permissions, or take "
            "another data root."
        ) from error
    if free < needed:
        raise UserError(
            f"{folder}: {free / 1e9:.1f} GB are free on this disk, and {archive.name} needs "
            f"{needed / 1e9:.1f} GB, unpacked images included. Make room, or take another data "
            "root."
        )


def _fetch(archive: Archive, part: Path, on_bytes: OnBytes) -> None:
    """Append to `part` what one connection delivers."""
    there = _size(part)
    if there > archive.size:
        part.unlink()
        there = 0
    headers = {"User-Agent": "dam-benchmark", "Accept-Encoding": "identity"}
    if there:
        headers["Range"] = f"bytes={there}-"
    try:
        answer = urllib.request.urlopen(
            urllib.request.Request(archive.address, headers=headers), timeout=SILENCE
        )
    except urllib.error.HTTPError as error:
        with error:
            if error.code not in PASSING:
                raise UserError(
                    f"{archive.address}: the server refuses it ({error.code} {error.reason})."
                ) from error
            if error.code == 416:
                part.unlink(missing_ok=True)
            raise _BrokenError(f"{error.code} {error.reason}") from error
    with answer:
        if "html" in answer.headers.get("Content-Type", ""):
            raise _page(archive, answer.url)
        if answer.status == 206 and not _goes_on(answer, there, archive.size):
            part.unlink(missing_ok=True)
            raise _BrokenError("the server sent another range than asked for")
        if answer.status != 206:
            there = 0
        chunk = answer.read1(min(CHUNK, archive.size - there))
        if not there and re.match(rb"\s*<(!doctype|html|head)", chunk, re.IGNORECASE):
            raise _page(archive, answer.url)
        with part.open("r+b" if there else "wb") as file:
            file.seek(there)
            while chunk:
                file.write(chunk)
                there += len(chunk)
                on_bytes(there)
                chunk = answer.read1(min(CHUNK, archive.size - there))
            file.flush()
            os.fsync(file.fileno())
    if there < archive.size:
        raise _BrokenError("the server ended the connection")


def _goes_on(answer: http.client.HTTPResponse, there: int, size: int) -> bool:
    """Whether the answer's range begins at byte `there` of a file of `size` bytes."""
    sent = re.match(r"bytes (\d+)-\d+/(\d+|\*)$", answer.headers.get("Content-Range", ""))
    return sent is not None and int(sent[1]) == there and sent[2] in ("*", str(size))


def _page(archive: Archive, address: str) -> UserError:
    return UserError(
        f"{archive.address}: in place of the file there came a web page ({address}), as for a "
        "login or a consent. Nothing of it was kept. Download the file with a browser."
    )


def _fault(archive: Archive, path: Path) -> str:
    """How a file differs from the official one; empty if it doesn't."""
    if _size(path) != archive.size:
        return f"it has {_size(path):,} bytes, not {archive.size:,}"
    try:
        with path.open("rb") as file:
            md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise UserError(
            f"{path} can't be read ({error.strerror}). Mend its permissions, or move it away."
        ) from error
    return "" if md5 == archive.md5 else f"its MD5 is {md5}, not {archive.md5}"


def _size(path: Path) -> int:
    return path.stat().st_size if exists(path) else 0


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(error) or type(error).__name__
