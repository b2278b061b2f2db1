"""The attempts at a run: who tried, under what, and how it ended.

`attempts.json` in a run's folder lists them in their order. An attempt without an end is going on,
or its process was killed before it could say anything.
"""

import datetime
import json
import os
import socket
import time
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from benchmark.durable import write_json

FILE = "attempts.json"
End = Literal["finished", "failed", "interrupted"]


class Attempt(BaseModel):
    """One attempt at a run."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    host: str
    process: int
    started: str
    """Date and time, in UTC."""
    environment: dict[str, Any]
    """Device, library versions and commit, as in `environment.json`."""
    resumed: bool
    """Whether there was a checkpoint to go on from."""
    seconds: float | None = None
    end: End | None = None
    reason: str | None = None
    """Why it failed, or what interrupted it."""
    notes: list[str] = []
    """What became known on the way, such as a damaged checkpoint."""


_ATTEMPTS = TypeAdapter(list[Attempt])


def read_attempts(folder: Path) -> list[Attempt]:
    """The attempts at the run in `folder`; none where nobody tried.

    Raises ValueError or OSError for a damaged list.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    try:
        return _ATTEMPTS.validate_python(json.loads(text))
    except (ValidationError, RecursionError) as error:
        raise ValueError(f"it is no list of attempts: {type(error).__name__}") from error


class Attempts:
    """The list of a run that is ours, to which the present attempt is added."""

    def __init__(self, folder: Path, environment: dict[str, Any], resumed: bool) -> None:
        self._folder = folder
        self._begun = time.monotonic()
        self.present = Attempt(
            host=socket.gethostname(),
            process=os.getpid(),
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            environment=environment,
            resumed=resumed,
        )
        try:
            self._earlier = read_attempts(folder)
        except (OSError, ValueError) as error:
            self._earlier = []
            self.present.notes.append(f"{FILE} can't be read ({error}): it begins anew")
        self._write()

    def end(self, end: End, reason: str | None = None) -> None:
        """Note how the present attempt ended."""
        self.present.end, self.present.reason = end, reason
        self.present.seconds = round(time.monotonic() - self._begun, 3)
        self._write()

    def _write(self) -> None:
        listed = [one.model_dump() for one in (*self._earlier, self.present)]
        write_json(self._folder / FILE, listed)


def note_death(folder: Path, reason: str) -> None:
    """Let an attempt that could not say how it ended have failed for `reason`."""
    try:
        attempts = read_attempts(folder)
    except (OSError, ValueError):
        return
    if attempts and attempts[-1].end is None:
        attempts[-1].end, attempts[-1].reason = "failed", reason
        write_json(folder / FILE, [one.model_dump() for one in attempts])
