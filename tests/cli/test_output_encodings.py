"""Every command writes to streams that aren't UTF-8.

The commands run one after another in a process whose streams the environment sets.
"""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITE = """
cases = [dict(dataset='typefaces', recipe='glyphs',
              objectives={'[/red] $5 ± é日本': dict(type='norm_softmax')})]
arms = dict(baseline=dict())
seeds = [0]
"""
NAME = r"[/red] $5 +- \xe9\u65e5\u672c"
QUICK = "epochs=1 dim=8 backbone.width=2 sampler.classes=50 sampler.samples=10"
COMMANDS = [
    ("data list", 0, "typefaces "),
    ("data check nowhere", 2, "error: "),
    ("data prepare cars196 --data-root .", 1, "Cars196 can't be downloaded"),
    (f"plan --suite suite.py {QUICK}", 0, NAME),
    (f"run --suite suite.py --out out {QUICK}", 0, NAME),
    ("report --out out", 0, NAME),
    ("report --out nowhere-日本", 2, r"There are no runs in nowhere-\u65e5\u672c"),
    ("bench conformance --quick", 0, "cases"),
]
ASCII = [
    ({"PYTHONIOENCODING": "ascii"}, COMMANDS),
    # Where the locale is ASCII, so are the file system's names.
    ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, COMMANDS[:2]),
]
CALLS = """
import json, shlex, sys
from benchmark.__main__ import main
from benchmark.bench.conformance import bench
few = bench.comparisons()[:3]
bench.comparisons = lambda: few  # one table is as good as another here
for command in json.load(open("commands.json")):
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="strict")
    print("command:", flush=True)
    print("status:", main(shlex.split(command)), flush=True)
"""


@pytest.mark.parametrize(("encoding", "commands"), ASCII, ids=["PYTHONIOENCODING", "LC_ALL"])
def test_no_command_stumbles(
    tmp_path: Path, encoding: dict[str, str], commands: list[tuple[str, int, str]]
) -> None:
    pytest.importorskip("pytorch_metric_learning", reason="the bench compares with it")
    (tmp_path / "suite.py").write_text(SUITE, encoding="utf-8")
    (tmp_path / "commands.json").write_text(json.dumps([command for command, _, _ in commands]))
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LC_") and name not in {"LANG", "PYTHONIOENCODING"}
    }
    done = subprocess.run(
        [sys.executable, "-c", CALLS],
        cwd=tmp_path,
        env=inherited | {"PYTHONPATH": str(ROOT)} | encoding,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.stdout.isascii()
    printed = done.stdout.decode("ascii")
    assert done.returncode == 0, printed
    answers = printed.split("command:\n")[1:]
    for (command, status, expected), answer in zip(commands, answers, strict=True):
        assert f"status: {status}\n" in answer, command + answer
        assert expected in answer, shlex.quote(command) + answer
