"""What searches in tests share: a cache of their own, and one version of the code."""

from pathlib import Path

import pytest
from searches import CODE

from benchmark.data.cache_folder import VARIABLE


@pytest.fixture(autouse=True)
def search_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the cache in the test's folder, and don't hash the code for every run."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr("benchmark.suite.execution.code_version", lambda: CODE)
