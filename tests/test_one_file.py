"""One new file each: what docs/extending.md adds runs as it stands there."""

import csv
import hashlib
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([^`\n]+)`:\n\n```python\n(.*?)```$", PAGE, re.DOTALL | re.MULTILINE))


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"  # where numba keeps its loops
    }


def test_every_block_names_its_file() -> None:
    assert len(FILES) == PAGE.count("```python")
    folders = [Path(name).parent.as_posix() for name in FILES]
    assert sorted(folders) == [
        ".",
        "baselines/erasing",
        "baselines/proxy",
        "benchmark/configs/recipes",
        "benchmark/data",
        "benchmark/models/backbones",
    ]


def test_what_the_page_adds_is_one_file_each(tmp_path: Path) -> None:
    for package in ("baselines", "benchmark"):
        shutil.copytree(ROOT / package, tmp_path / package)
    before = digests(tmp_path)
    assert not set(FILES) & set(before)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    suite = runpy.run_path(str(tmp_path / "mine.py"))

    command = shlex.split(re.findall(r"^python (-m benchmark run .+)$", PAGE, re.MULTILINE)[0])
    out = tmp_path / command[command.index("--out") + 1]
    answer = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr

    with (out / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    (case,) = suite["cases"]
    assert [(row["data set"], row["objective"]) for row in rows] == [
        (case["dataset"], name) for name in case["objectives"] for _ in suite["arms"]
    ]
    assert {row["arm"] for row in rows} == set(suite["arms"])
    for row in rows:
        assert (row["seeds"], row["failed"], row["not run"]) == ("1", "0", "0")
        assert 0 < float(row["recall@1 mean (fraction)"]) <= 1
    # Each arm does something of its own, from the same start.
    results = [json.loads(path.read_text()) for path in out.glob("runs/*/result.json")]
    digest = {key: {r["digests"][key] for r in results} for key in results[0]["digests"]}
    assert len(digest["initial_weights"]) == len(digest["batches"]) == 1
    assert len(digest["final_weights"]) == len(suite["arms"])

    shutil.rmtree(out)
    after = digests(tmp_path)
    assert set(after) == set(before) | set(FILES)
    assert {name: after[name] for name in before} == before
