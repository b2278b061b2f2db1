"""The live line of a running suite: done, to go, time left, and what each worker is at."""

from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from benchmark.printable import printable
from benchmark.suite.execution import Outlook
from benchmark.suite.plan import PlannedRun


class Display:
    """Draws an `Outlook` in place on a terminal; elsewhere it prints a line for every run."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = Live(console=console, refresh_per_second=5, transient=True)
        self.ended = 0
        self.total = 0

    def __enter__(self) -> "Display":
        self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.live.stop()

    def show(self, outlook: Outlook) -> None:
        """Draw the state of things."""
        self.ended, self.total = outlook.ended, outlook.total
        self.live.update(Text("\n").join(lines(outlook)))

    def told(self, run: PlannedRun, error: str | None) -> None:
        """Say that a run ended; on a terminal only a failure stays on the screen."""
        so_far = f"{self.ended}/{self.total}"
        if error is not None:
            text = printable(f"{so_far} failed: {run.label}: {error}")
            self.console.print(Text(text, style="red"))
        elif not self.console.is_terminal:
            self.console.print(Text(printable(f"{so_far} done: {run.label}")))


def lines(outlook: Outlook) -> list[Text]:
    """The outlook as text: a summary, then a line for each run that is going."""
    left = outlook.seconds_left()
    summary = f"{outlook.ended}/{outlook.total} runs done"
    if outlook.failed:
        summary += f" ({outlook.failed} failed)"
    if left is not None:
        summary += f" · {int(left) // 60}:{int(left) % 60:02d} left"
    shown = [Text(summary, style="bold", no_wrap=True, overflow="ellipsis")]
    for label, progress in outlook.active.values():
        state = "starting"
        if progress is not None:
            state = (
                f"epoch {progress.epoch}/{progress.epochs} "
                f"({progress.step / progress.steps:4.0%}) · loss {progress.loss:.3f}"
            )
        shown.append(Text(printable(f"  {label} · {state}"), no_wrap=True, overflow="ellipsis"))
    return shown
