"""What is shown while a suite runs."""

import io

import pytest
from fake_runs import planned
from rich.console import Console

from benchmark.suite.display import Display, lines
from benchmark.suite.engines.outlook import Outlook
from benchmark.suite.execution import Ending
from benchmark.training import Progress


def test_outlook_and_its_lines() -> None:
    outlook = Outlook(total=6, finished=1, failed=1, interrupted=1, elsewhere=1, work_done=1.0)
    outlook.started -= 60
    outlook.active["x"] = "typefaces triplet dam seed 0", Progress(30, 60, 3, 6, 0.25)
    outlook.active["y"] = "typefaces triplet dam seed 1", None
    left = outlook.seconds_left()
    assert left == pytest.approx(60 * 1.5 / 1.5, abs=1)
    text = [line.plain for line in lines(outlook)]
    assert text[0].startswith("4/6 runs done (1 failed, 1 interrupted, 1 elsewhere) · ")
    assert "epoch 3/6 ( 50%) · loss 0.250" in text[1]
    assert text[2].endswith("starting")
    assert Outlook(total=1).seconds_left() is None


def test_endings_are_printed() -> None:
    (run,) = planned("fine")
    shown = io.StringIO()
    with Display(Console(file=shown, width=60)) as display:
        display.show(Outlook(total=3, finished=1))
        display.on_ended(run, Ending("finished"))
        display.on_ended(run, Ending("failed", "no luck [/red] \x1b[2J"))
        display.on_ended(run, Ending("elsewhere", "process 7 on there makes it"))
        display.on_ended(run, Ending("interrupted"))
        display.note("a sentence " * 10)
    printed = shown.getvalue().splitlines()
    assert printed[0] == "1/3 done: d o a seed 0"
    assert printed[1].startswith("1/3 failed: d o a seed 0: no luck [/red] ")
    assert "\x1b" not in printed[1]
    assert printed[2] == "1/3 elsewhere: d o a seed 0: process 7 on there makes it"
    assert printed[3] == "1/3 interrupted: d o a seed 0"
    assert printed[4] == "note: " + "a sentence " * 10
