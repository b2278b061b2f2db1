"""Being asked to end early: by SIGTERM, SIGUSR1 or Ctrl-C, at a place from which a run goes on."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)
)
"""Ctrl-C, a request to end, and a scheduler's warning that a job's time is nearly over."""


@contextlib.contextmanager
def on_signals(act: Callable[[int], None], *further: int) -> Iterator[None]:
    """Within the block, call `act` with each signal of `SIGNALS` and of `further` that comes.

    Only a main thread can listen; in another one nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def received(number: int, frame: FrameType | None) -> None:
        act(number)

    before = {number: signal.signal(number, received) for number in (*SIGNALS, *further)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class RunInterruptedError(BaseException):
    """A run was asked to end by the signal `number` and goes on from its checkpoint next time.

    As KeyboardInterrupt it is no Exception, so that code which takes any of these for a damaged
    file doesn't take this for one.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.number = number


class Interruption:
    """Whether a run was asked to end.

    Within `steps`, `requested` holds the signal's number, and whoever takes steps saves a
    checkpoint after the present one and calls `end`. Everywhere else nothing would be gained by
    waiting, so the request raises RunInterruptedError at once.
    """

    def __init__(self) -> None:
        self.requested: int | None = None
        self._in_steps = False

    def listening(self, *further: int) -> contextlib.AbstractContextManager[None]:
        """Within the block, let the signals of `SIGNALS` and `further` ones ask."""
        return on_signals(self.request, *further)

    def request(self, number: int) -> None:
        """Ask the run to end."""
        self.requested = number
        if not self._in_steps:
            self.end()

    def conclude(self) -> None:
        """From here on requests are only noted: what is left to do takes moments."""
        self._in_steps = True

    def end(self) -> None:
        """Raise RunInterruptedError if the run was asked to end."""
        if self.requested is not None:
            raise RunInterruptedError(self.requested)

    @contextlib.contextmanager
    def steps(self) -> Iterator[None]:
        """Within the block, wait for the end of a step."""
        self._in_steps = True
        try:
            yield
        finally:
            self._in_steps = False
        self.end()
