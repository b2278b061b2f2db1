"""How the command line is asked to end, and its exit status in that case."""

import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

REQUEUE = 75
"""The exit status that asks a scheduler to start the command again (EX_TEMPFAIL in sysexits.h)."""


class SuiteInterruptedError(BaseException):
    """A command was asked to end by the signal `number`; runs go on from their checkpoints.

    No Exception, as KeyboardInterrupt isn't one: see RunInterruptedError.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.number = number

    @property
    def status(self) -> int:
        """The exit status of the command: 75 after SIGUSR1, a scheduler's warning."""
        warning = getattr(signal, "SIGUSR1", None)
        return REQUEUE if self.number == warning else 128 + self.number


def listen() -> None:
    """Let SIGTERM and SIGUSR1 raise SuiteInterruptedError, as Ctrl-C raises KeyboardInterrupt.

    Only a main thread can; from another one nothing changes.
    """
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGUSR1"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), _raise)


def _raise(number: int, frame: FrameType | None) -> None:
    raise SuiteInterruptedError(number)


def command_line(arguments: Sequence[str] | None) -> str:
    """The command that was given, to be given again."""
    given = sys.argv[1:] if arguments is None else arguments
    return f"python -m benchmark {shlex.join(given)}"
