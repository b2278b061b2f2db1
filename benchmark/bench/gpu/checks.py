"""What a section of `bench gpu` is made of: tasks, each of which makes some checks."""

import math
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["passed", "failed", "not measured", "measured"]
"""`measured` is a number without a target."""

LINES = 12
"""Lines of a traceback that are kept."""


@dataclass(frozen=True)
class Check:
    """One thing that was measured: a value, its target in words, and whether it is met.

    `details` are further values, and of an error the end of its traceback.
    """

    name: str
    verdict: Verdict
    measured: Any = None
    target: str = ""
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Conditions:
    """Under what the checks are made.

    `quick` takes small sizes and few repeats. `work` is a folder that is removed afterwards, in
    which the checks may also cache. `deadline` is a time of `time.monotonic()`.
    """

    device: str
    quick: bool
    work: Path
    data_root: Path | None = None
    deadline: float = math.inf

    @property
    def is_gpu(self) -> bool:
        """Whether the checks are of a GPU; on a CPU their own code is tested."""
        return self.device.startswith("cuda")

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self.deadline


@dataclass(frozen=True)
class Task:
    """Some checks that are made together, under a name for the case that they can't be made."""

    name: str
    make: Callable[[], Iterable[Check]]


Section = Callable[[Conditions], Iterable[Task]]


def at_most(name: str, value: float, bound: float, note: str = "", /, **details: Any) -> Check:
    """A check that a number is at most `bound`; NaN is not."""
    return Check(name, _verdict(value <= bound), value, f"at most {bound:g}", note, details)


def at_least(name: str, value: float, bound: float, note: str = "", /, **details: Any) -> Check:
    """A check that a number is at least `bound`; NaN is not."""
    return Check(name, _verdict(value >= bound), value, f"at least {bound:g}", note, details)


def holds(name: str, truth: bool, target: str, note: str = "", /, **details: Any) -> Check:
    """A check that something is so: `target` says what."""
    return Check(name, _verdict(truth), "yes" if truth else "NO", target, note, details)


def only_measured(name: str, value: Any, note: str = "", /, **details: Any) -> Check:
    """A number that has no target."""
    return Check(name, "measured", value, "", note, details)


def not_measured(name: str, why: str) -> Check:
    """What couldn't be measured here, and why."""
    return Check(name, "not measured", note=why)


def _verdict(truth: bool) -> Verdict:
    return "passed" if truth else "failed"


def made(section: Section, conditions: Conditions) -> Iterator[Check]:
    """The checks of a section, one after the other; an error is a check that failed.

    After the deadline no task begins.
    """
    try:
        for task in section(conditions):
            if conditions.is_over:
                yield not_measured(task.name, "the time was up")
                continue
            try:
                yield from task.make()
            except Exception as error:  # whatever it is, the others go on
                yield _error(task.name, error)
    except Exception as error:
        yield _error("tasks of this section", error)


def _error(name: str, error: Exception) -> Check:
    if isinstance(error, ModuleNotFoundError) and not _is_ours(error.name or ""):
        return not_measured(name, f"{error.name} is not installed")
    text = str(error).strip()
    last = text.splitlines()[-1] if text else ""
    trace = "".join(traceback.format_exception(error)).splitlines()[-LINES:]
    note = f"{type(error).__name__}: {last}"
    return Check(name, "failed", note=note, details={"traceback": trace})


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in ("benchmark", "baselines")
