"""The commands in the documentation exist, with every option, extra and file that they name."""

import re
import shlex
import tomllib

import pytest
from pages import ROOT, all_blocks, commands, inline_commands

from benchmark.__main__ import build_parser
from benchmark.registry import DATASETS, names
from benchmark.suite.suite_file import suites

SHELL = [block for block in all_blocks() if block.language == "bash"]
CASES = [(str(block), command) for block in SHELL for command in commands(block)]
CASES += [case for case in inline_commands() if "COMMAND" not in case[1]]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def check_benchmark(words: list[str]) -> None:
    """A command of `python -m benchmark`: its options, its suite or data set, its overrides."""
    options, overrides = build_parser().parse_known_args(words)
    for text in overrides:
        assert re.fullmatch(r"[a-z0-9_.]+=.+", text), f"{text!r} is no option and no override"
    suite = getattr(options, "suite", None)
    assert suite is None or suite in suites() or suite.endswith(".py")
    name = getattr(options, "name", None)
    assert name in (None, "NAME") or name in names(DATASETS)


def check_run_all(words: list[str]) -> None:
    """A call of run_all.sh, which hands on to `python -m benchmark` or to pytest."""
    if words[:1] == ["test"]:
        return
    known = {"data", "plan", "run", "report", "bench", "status", "store", "embed", "config"}
    script = (ROOT / "run_all.sh").read_text(encoding="utf-8")
    found = {
        word for line in re.findall(r"^(.+)\)$", script, re.MULTILINE) for word in line.split(" | ")
    }
    assert known <= found
    check_benchmark(words if words[:1] and words[0] in known else ["run", "--out", "out", *words])


def check_pip(words: list[str]) -> None:
    assert words[0] == "install"
    (target,) = words[1:]
    extras = re.fullmatch(r"\.(?:\[([\w,]+)\])?", target)
    assert extras, target
    named = set(extras[1].split(",")) if extras[1] else set()
    assert named <= set(PROJECT["optional-dependencies"])


def check_files(words: list[str]) -> None:
    for word in words:
        if "/" in word or word.endswith((".yml", ".txt", ".py", ".sh")):
            assert (ROOT / word).exists(), word


PREFIXES = {
    "python -m benchmark": check_benchmark,
    "bash run_all.sh": check_run_all,
    # After these come folders of the user's own.
    **{f"bash {one.relative_to(ROOT)}": lambda words: None for one in ROOT.glob("results/*/*.sh")},
    "pip": check_pip,
    "python -m pytest": check_files,
    "python -m mypy": check_files,
    "python -m mkdocs": check_files,
    "ruff": check_files,
    "conda env create -f": check_files,
    "conda activate dam-benchmark": check_files,
    "git clone REPOSITORY dam-benchmark": check_files,
    "cd dam-benchmark": check_files,
    "cp -r benchmark/dam your_package/dam": lambda words: None,  # tests/packaging/test_wheel.py
}


@pytest.mark.parametrize(("where", "command"), CASES, ids=[f"{w} {c}" for w, c in CASES])
def test_commands_exist(where: str, command: str) -> None:
    command = re.sub(r"^((\w+=\S+|taskset -c \d+) )+", "", command)
    (prefix,) = [p for p in PREFIXES if command == p or command.startswith(p + " ")]
    PREFIXES[prefix](shlex.split(command.removeprefix(prefix)))


def test_every_command_of_the_suite_is_shown() -> None:
    page = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
    assert "<!-- generated: commands -->" in page
    shown = {
        command.split()[3] for _, command in CASES if command.startswith("python -m benchmark ")
    }
    (commands_of,) = [a for a in build_parser()._actions if a.dest == "command"]
    assert set(commands_of.choices) <= shown


def test_text_blocks_name_files_that_are_there() -> None:
    """A block of text is a formula, a message, or a list of files of this checkout or of a run."""
    for block in all_blocks():
        if block.language == "text":
            for line in block.text.splitlines():
                first = line.split()[0] if line.split() else ""
                if first.endswith("/") and not first.startswith("DIR"):
                    assert (ROOT / first).is_dir(), f"{block}: {first}"
