"""The documentation builds without a warning, needs no network, and holds what is public."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest
from pages import ROOT

import baselines.attention
import baselines.erasing
import baselines.pair
import baselines.proxy
import benchmark.analysis
import benchmark.dam
import benchmark.evaluation

REFERENCE = {
    "dam": [benchmark.dam],
    "baselines": [baselines.proxy, baselines.pair, baselines.erasing, baselines.attention],
    "evaluation": [benchmark.evaluation],
    "analysis": [benchmark.analysis],
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def html(site: Path) -> dict[str, str]:
    pages = site.rglob("*.html")
    return {page.relative_to(site).as_posix(): page.read_text(encoding="utf-8") for page in pages}


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for name, text in html(site).items():
        loaded = re.findall(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?([^\">\s]+)", text)
        loaded += re.findall(r"<link\b[^>]*\bhref=\"?([^\">\s]+)", text)
        assert loaded
        assert not [address for address in loaded if re.match(r"(https?:)?//", address)], name
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", style.read_text(encoding="utf-8")), style


def test_no_marker_of_a_generated_section_is_left(site: Path) -> None:
    assert not [name for name, text in html(site).items() if "<!-- generated" in text]
    assert "--allow-partial" in html(site)["command_line.html"]


def test_pictures_are_there(site: Path) -> None:
    shown = 0
    for name, text in html(site).items():
        for source in re.findall(r"<img\b[^>]*\bsrc=\"([^\"]+)\"", text):
            assert (site / name).parent.joinpath(source).is_file(), f"{name}: {source}"
            shown += 1
    assert shown


@pytest.mark.parametrize("page", [*REFERENCE])
def test_the_reference_holds_every_public_name(site: Path, page: str) -> None:
    text = html(site)[f"reference/{page}.html"]
    for package in REFERENCE[page]:
        public = {name: getattr(package, name) for name in package.__all__}
        for name in [
            name for name, kind in public.items() if isinstance(kind, type | FunctionType)
        ]:
            assert re.search(rf'id="[\w.]+\.{name}"', text), f"{package.__name__}.{name}"
