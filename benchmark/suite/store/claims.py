"""One owner a run, also among machines that share a folder.

`claim-<n>.json` in a run's folder says who makes the run: host, process, and a token. The claim
with the highest number counts. It comes into being whole and only where no file of that name is, by
a hard link, which network file systems make atomic too; while its owner lives, a thread renews the
file's time. A claim is over when its owner released it, when its process is seen to be gone, or,
for an owner on another machine, when its time wasn't renewed for `STALE_SECONDS`. Then the next
number may be claimed, and of all who try one succeeds. Numbers go on until the run is finished, so
that whoever judged an older claim can't take a newer one for it.
"""

import contextlib
import errno
import json
import os
import re
import secrets
import socket
import threading
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.durable import TEMPORARY, refusals_explained, sync_folder, write_json

HEARTBEAT_SECONDS = 10.0
STALE_SECONDS = 180.0
"""After so long without a heartbeat the owner on another machine is taken to be gone. Network file
systems may show a file's time up to a minute late."""

# What file systems without hard links answer; there a claim may be seen before its content.
_WITHOUT_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
_NAME = re.compile(r"claim-(\d{6})\.json")


class ClaimLostError(Exception):
    """Somebody else took the run over, for want of a heartbeat: nothing may be written any more."""


@dataclass(frozen=True)
class Owner:
    """Who claimed a run."""

    host: str
    process: int
    machine: str = ""
    """Host, boot and process namespace: where `process` means what it means here."""
    born: str = ""
    """When the process began, which tells it from a later one of its number."""
    token: str = ""
    released: bool = False

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}"


class Claim:
    """A run that is ours until `release`; a context manager that keeps it alive meanwhile."""

    def __init__(self, path: Path, owner: Owner) -> None:
        self.path = path
        self.owner = owner
        self._released = False
        self._stopped = threading.Event()
        self._beating = threading.Thread(target=self._beat, daemon=True, name="heartbeat")

    def __enter__(self) -> "Claim":
        self._beating.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._beating.join()
        if not self._released:
            self.release()

    def _beat(self) -> None:
        while not self._stopped.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(OSError):  # `check` finds out what it means
                os.utime(self.path)

    def check(self) -> None:
        """Raise ClaimLostError where the run is no longer ours."""
        if not self.path.exists():
            raise ClaimLostError(f"{self.path.parent.name} was taken over")

    def release(self, *, for_good: bool = False) -> None:
        """Let others have the run; `for_good` where there is nothing left to do in it."""
        self._released = True
        with refusals_explained(self.path):
            if for_good:
                for path, _ in _claims(self.path.parent):
                    path.unlink(missing_ok=True)
            elif self.path.exists():
                write_json(self.path, asdict(self.owner) | {"released": True})


def claim(folder: Path) -> Claim | Owner:
    """Claim the run in `folder`; its owner where somebody else has it."""
    with refusals_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        number, owner = _highest(folder)
        if owner is not None and _lives(_path(folder, number), owner):
            return owner
        ours = Owner(
            host=socket.gethostname(),
            process=os.getpid(),
            machine=_machine(),
            born=_born(os.getpid()) or "",
            token=secrets.token_hex(8),
        )
        path = _path(folder, number + 1)
        if not _create(path, asdict(ours)):
            return _highest(folder)[1] or Owner(host="another host", process=0)
        # Whoever judged an older claim may come late, when its number is free again.
        now, latest = _highest(folder)
        if now > number + 1 and latest is not None:
            path.unlink(missing_ok=True)
            return latest
        for older, place in _claims(folder):
            if place <= number:
                older.unlink(missing_ok=True)
    return Claim(path, ours)


def owner_of(folder: Path) -> tuple[Owner, float] | None:
    """Who makes the run in `folder` now, and how many seconds ago it last said so."""
    number, owner = _highest(folder)
    path = _path(folder, number)
    if owner is None or not _lives(path, owner):
        return None
    return owner, _age(path)


def _path(folder: Path, number: int) -> Path:
    return folder / f"claim-{number:06d}.json"


def _claims(folder: Path) -> list[tuple[Path, int]]:
    found = [(path, _NAME.fullmatch(path.name)) for path in folder.glob("claim-*.json")]
    return sorted((path, int(match[1])) for path, match in found if match)


def _highest(folder: Path) -> tuple[int, Owner | None]:
    """The number and owner of the claim that counts; 0 and None where there is none."""
    while claims := _claims(folder):
        path, number = claims[-1]
        try:
            return number, _owner(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:  # it went meanwhile
            continue
        except (ValueError, RecursionError):  # damaged: its time alone says whether it lives
            return number, Owner(host="an unknown host", process=0)
    return 0, None


def _owner(value: Any) -> Owner:
    kinds = {"host": str, "process": int, "machine": str, "born": str, "token": str}
    if not isinstance(value, dict) or not all(
        isinstance(value.get(name), kind) for name, kind in kinds.items()
    ):
        raise ValueError("it is no claim")
    return Owner(**{name: value[name] for name in kinds}, released=value.get("released") is True)


def _lives(path: Path, owner: Owner) -> bool:
    if owner.released:
        return False
    if owner.machine == _machine():
        return _born(owner.process) == owner.born
    return _age(path) < STALE_SECONDS


def _age(path: Path) -> float:
    """Seconds since the file's time was renewed, by the clock of the disk that it lies on."""
    clock = path.with_name(f".clock.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        clock.touch()
        return clock.stat().st_mtime - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
    except OSError:  # a store that may only be read
        return time.time() - path.stat().st_mtime
    finally:
        with contextlib.suppress(OSError):
            clock.unlink()


def _create(path: Path, content: dict[str, Any]) -> bool:
    """Make the file with its content in one step; False where there is one of that name."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        write_json(beside, content)
        try:
            os.link(beside, path)
        except OSError as error:
            if error.errno not in _WITHOUT_LINKS:
                raise
            with path.open("xb") as file:
                file.write(beside.read_bytes())
    except FileExistsError:
        return False
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


@cache
def _machine() -> str:
    """What makes a process number mean the same: the host, its boot, and the namespace."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        parts += [boot, str(Path("/proc/self/ns/pid").readlink())]
    return " ".join(parts)


def _born(process: int) -> str | None:
    """When a process of this machine began, in a form to compare; None where it is gone."""
    try:
        # Its name in parentheses may hold spaces. A zombie has ended.
        line = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "" if not Path("/proc/self/stat").exists() and _answers(process) else None
    except OSError:
        return None
    fields = line.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def _answers(process: int) -> bool:
    """Whether there is a process of that number, on systems without /proc."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
