"""The live line of a running suite: done, to go, time left, and what each worker is at."""

from rich.console import Console
from rich.live import Live
from rich.text import Text

from benchmark.printable import printable
from benchmark.suite.engines.outlook import Outlook
from benchmark.suite.execution import Ending
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

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def show(self, outlook: Outlook) -> None:
        """Draw the state of things."""
        self.ended, self.total = outlook.ended, outlook.total
        self.live.update(Text("\n").join(lines(outlook)))

    def on_ended(self, run: PlannedRun, ending: Ending) -> None:
        """Print that a run ended; on a terminal a finished run leaves no line."""
        so_far = f"{self.ended}/{self.total}"
        if ending.state != "finished":
            style = "red" if ending.state in ("failed", "refused") else "yellow"
            reason = f": {ending.reason}" if ending.reason else ""
            self._print(f"{so_far} {ending.state}: {run.label}{reason}", style)
        elif not self.console.is_terminal:
            self._print(f"{so_far} done: {run.label}", "")

    def note(self, text: str) -> None:
        """Print a sentence that stays."""
        self._print(f"note: {text}", "")

    def _print(self, line: str, style: str) -> None:
        self.console.print(Text(printable(line), style=style), soft_wrap=True)


def lines(outlook: Outlook) -> list[Text]:
    """The outlook as text: a summary, then a line for each run that is going."""
    left = outlook.seconds_left()
    summary = f"{outlook.ended}/{outlook.total} runs done"
    others = [
        f"{number} {name}"
        for name in ("failed", "interrupted", "elsewhere")
        if (number := getattr(outlook, name))
    ]
    if others:
        summary += f" ({', '.join(others)})"
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
