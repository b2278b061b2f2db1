"""Tests of engines that are left out by default: each process they start imports torch."""

import os

import pytest

LONG = bool(os.environ.get("DAM_BENCHMARK_LONG_TESTS"))
long = pytest.mark.skipif(not LONG, reason="takes up to a minute; DAM_BENCHMARK_LONG_TESTS=1")
