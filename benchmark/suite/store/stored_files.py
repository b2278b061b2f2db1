"""What the files of a run hold, as models; `config.json` is a `RunConfig`."""

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from benchmark.validation import Part

State = Literal["finished", "failed", "interrupted", "going on", "not run"]
"""A run without a result was interrupted where it had been begun, and isn't being made now."""


def _not_infinite(value: float) -> float:
    """A metric may be NaN, which says that it has no value."""
    if math.isinf(value):
        raise ValueError(f"a finite number or NaN is wanted, not {value}")
    return value


Number = Annotated[float, Field(allow_inf_nan=True), AfterValidator(_not_infinite)]
Metrics = dict[str, Number]
"""A metric's name, and its value in [0, 1]."""


class Epoch(Part):
    """What an epoch of training left."""

    epoch: int
    """Its number, from 1."""
    loss: Number
    """The mean over its steps."""
    seconds: float | None = None
    """Its time."""
    metrics: Metrics = Field(default_factory=dict)
    """Those after it, where the run was evaluated in between."""


class Images(Part):
    """What the run's data set is called, and how many images and classes it has."""

    name: str | None = None
    protocol: str | None = None
    note: str | None = None
    """What a reader of its results must know."""
    official: bool = False
    """Whether it is an official release, whole and in its own halves."""
    train_classes: int | None = None
    train_images: int | None = None
    query_images: int | None = None
    gallery_images: int | None = None
    cues: dict[str, Number] = Field(default_factory=dict)
    """The cues by which its classes differ, where they are known, and the saliency of each."""


class Result(Part):
    """`result.json`: what came out of a run."""

    state: State
    error: str | None = None
    """Why the run failed."""
    metrics: Metrics = Field(default_factory=dict)
    """Those after the last epoch."""
    untrained: Metrics = Field(default_factory=dict)
    """Those before the first step."""
    history: list[Epoch] = Field(default_factory=list)
    """One entry an epoch."""
    digests: dict[str, str] = Field(default_factory=dict)
    """`initial_weights`, `batches`, `evaluated`, `final_weights`, `data_listing` and `data_images`:
    with them a reader checks that two runs were paired. `evaluated` is that of the test images as
    the network got them."""
    dataset: Images = Images()
    timing: dict[str, Number] = Field(default_factory=dict)
    """Seconds by what they were spent on."""
    memory: dict[str, int] = Field(default_factory=dict)
    """Bytes at most, by what took them: of a GPU's tensors, or of the process on a CPU."""
    warnings: list[str] = Field(default_factory=list)
    """What was wrong with a run that ended, such as a collapse."""
    files: dict[str, str] = Field(default_factory=dict)
    """The SHA-256 of each of the run's files."""
    checksum: str | None = None
    """The SHA-256 of the result itself; see `benchmark.suite.store.sealing`."""


class Environment(Part):
    """`environment.json`: under what a run was made; further entries are versions of libraries."""

    model_config = ConfigDict(extra="allow")

    device_name: str | None = None
    threads: int | None = None
    python: str | None = None
    platform: str | None = None
    torch: str | None = None
    commit: str | None = None
    dirty: bool | None = None
    """Whether the code differed from the commit."""
