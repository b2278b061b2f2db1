"""What there is to show while a suite runs."""

import time
from dataclasses import dataclass, field

from benchmark.training import Progress


@dataclass
class Outlook:
    """Counts of runs; `active` maps a run's id to label and progress."""

    total: int
    finished: int = 0
    failed: int = 0
    interrupted: int = 0
    elsewhere: int = 0
    """Runs that somebody else makes, such as another terminal."""
    active: dict[str, tuple[str, Progress | None]] = field(default_factory=dict)
    work_done: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def ended(self) -> int:
        """Runs that need no more work from here."""
        return self.finished + self.failed + self.interrupted + self.elsewhere

    def seconds_left(self) -> float | None:
        """Time left at the pace so far; None until there is one."""
        going = [p.step / p.steps for _, p in self.active.values() if p is not None]
        done = self.work_done + sum(going)
        if done <= 0:
            return None
        return (time.monotonic() - self.started) * (self.total - self.ended - sum(going)) / done
