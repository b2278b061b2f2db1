"""The papers of the project say the same as the package."""

import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_licence_and_authors() -> None:
    (author,) = PROJECT["authors"]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith(f"{PROJECT['license']} License\n")
    assert author["name"] in text


def test_citation_names_the_suite_and_the_paper() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]
    (paper,) = citation["references"]
    assert paper["title"].startswith("Discrimination-Aware Mechanism")
    assert len(paper["authors"]) == 5


def test_changelog_begins_with_the_version() -> None:
    headings = [
        line.removeprefix("## ")
        for line in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("## ")
    ]
    assert headings[0].split()[0] == PROJECT["version"]


def test_the_public_workflow_runs_the_readmes_test_command() -> None:
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["tests"]["steps"]
    (command,) = [step["run"] for step in steps if "run" in step]
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
