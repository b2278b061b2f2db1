"""A server on this machine, and Ctrl-C as a terminal has it."""

import signal
from collections.abc import Iterator

import misbehaving_server as server
import pytest


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[server.MisbehavingServer]:
    """A server that follows a script."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with server.MisbehavingServer() as running:
        yield running


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """A shell that starts the tests in its background lets them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
