"""Batches arrive, or an error does, whatever becomes of shared memory and of loader processes."""

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger

from benchmark.data.dataset import Split
from benchmark.data.loading import TrainingLoader, in_batches
from benchmark.errors import UserError

LABELS = np.repeat(np.arange(4), 25)


class Squares:
    """Images of 64 KB that hold their index; `deadly` kills the process that asks for it."""

    def __init__(self, deadly: int | None = None) -> None:
        self.deadly = deadly

    def __len__(self) -> int:
        return len(LABELS)

    def batch(self, indices: np.ndarray, seeds: np.ndarray | None) -> torch.Tensor:
        if self.deadly in indices:
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.from_numpy(indices).float().view(-1, 1, 1, 1).expand(-1, 1, 128, 128).clone()


@pytest.fixture
def little_shared_memory() -> Iterator[None]:
    """No process may make a file above 200 KB, those that are shared memory included."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def logger() -> MMLogger:
    """The logger that messages go to."""
    return MMLogger.get_current_instance()


def training_batches(workers: int) -> list[dict[str, torch.Tensor]]:
    split = Split(Squares(), LABELS)
    return list(TrainingLoader(split, classes=4, samples=5, seed=0, workers=workers))


def test_batches_arrive_where_shared_memory_is_too_small(
    little_shared_memory: None, logger: MMLogger, caplog: pytest.LogCaptureFixture
) -> None:
    logger.addHandler(caplog.handler)
    expected, found = training_batches(0), training_batches(2)
    assert len(found) == 5
    for ours, theirs in zip(expected, found, strict=True):
        assert torch.equal(ours["images"], theirs["images"])
        assert torch.equal(ours["labels"], theirs["labels"])
    assert caplog.text.count("too little shared memory (/dev/shm)") == 1
    found = torch.cat(list(in_batches(Squares(), 30, workers=2)))
    assert found[:, 0, 0, 0].tolist() == list(range(100))


def test_shared_memory_is_used_where_there_is_enough(
    logger: MMLogger, caplog: pytest.LogCaptureFixture
) -> None:
    logger.addHandler(caplog.handler)
    assert all(batch["images"].is_shared() for batch in training_batches(1))
    assert "shared memory" not in caplog.text


class Faulty(Squares):
    def batch(self, indices: np.ndarray, seeds: np.ndarray | None) -> torch.Tensor:
        raise RuntimeError("a fault of this program")


def test_a_fault_keeps_its_traceback() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)in batch.*a fault of this program"):
        list(in_batches(Faulty(), 30, workers=1))


def killed_while_loading() -> None:
    split = Split(Squares(deadly=3), LABELS)
    with pytest.raises(UserError, match=r"A process that loads images died .*goes on from"):
        list(TrainingLoader(split, classes=4, samples=25, seed=0, workers=2))
    with pytest.raises(UserError, match="A process that loads images died"):
        list(in_batches(Squares(deadly=99), 30, workers=1))


def test_a_loader_process_that_is_killed_ends_the_wait() -> None:
    # In a process of its own, so that a wait for ever fails the test and not the tests.
    process = multiprocessing.get_context("fork").Process(target=killed_while_loading)
    begun = time.monotonic()
    process.start()
    process.join(60)
    assert time.monotonic() - begun < 30
    assert process.exitcode == 0
