"""A run's configuration: every key with its type, its range and its default.

This is the one place that names the keys. An entry with a `type` names a registered class and its
options, which are those of the class's signature (see `benchmark.registry.resolve`).
`python -m benchmark config --reference` prints this as a page.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, model_validator

from benchmark.entries import (
    PLAIN,
    Entry,
    JointObjective,
    JointSimilarity,
    Name,
    Objective,
    Similarity,
)
from benchmark.validation import Part, json_value, value_at

Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]  # seeds that every generator accepts
Pooling = Literal["avg", "max", "avg+max"]
Neck = Literal["bn"]
Device = Literal["cpu", "cuda"]
Precision = Literal["fp32", "tf32", "bf16", "fp16"]
MemoryFormat = Literal["channels_last", "contiguous"]
_Epochs = Annotated[float, Field(ge=0, le=1_000_000)]
_Listed = Strict(False)  # a tuple from a list


class Sampler(Part):
    """The batches of training."""

    classes: Annotated[int, Field(ge=1, le=100_000)]
    """Classes in a batch."""
    samples: Annotated[int, Field(ge=1, le=10_000)]
    """Images of each class in a batch."""

    @property
    def size(self) -> int:
        """Images in a batch."""
        return self.classes * self.samples


class Schedule(Part):
    """How the learning rate changes, and when the backbone is trained; times are in epochs."""

    warmup: _Epochs = 0.0
    """Epochs in which the rate rises from near 0."""
    frozen: _Epochs = 0.0
    """Epochs in which the backbone isn't trained."""
    decay: Literal["cosine", "step"] = "cosine"
    """How the rate falls: along a cosine to 0, or in steps."""
    milestones: Annotated[tuple[_Epochs, ...], _Listed] = ()
    """Epochs at which a step is taken."""
    gamma: Annotated[float, Field(ge=0, le=1)] = 0.1
    """The factor of the rate at each step."""


class Memory(Part):
    """A pair loss's memory of past features."""

    size: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """Number of features that are kept; 0 is no memory."""
    start: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The share of training before it is used."""


class Initial(Part):
    """The stored weights of another run, to start from; its path alone may be given."""

    path: Name
    """The run's folder or its weights.safetensors; for `run` also the id of a run in --out."""
    loss: bool = False
    """Whether to start from the loss's own weights too, such as proxies."""
    sha256: str = ""
    """The digest of the file, filled in when the run is planned."""

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value


class Settings(Part):
    """The settings of a run that data set, recipe, case and arm determine; times are in epochs."""

    dataset: Entry
    """The images, and their split; a data set's name and its options."""
    transform: Entry
    """The augmentation of training images."""
    backbone: Entry
    """The network that makes feature maps of images."""
    dim: Annotated[int, Field(ge=1, le=100_000)] | None
    """Elements of the embedding; none takes the backbone's features as they are."""
    pooling: Pooling = "avg"
    """How a feature map becomes a feature: its mean, its maximum, or the sum of both."""
    neck: Neck | None = None
    """The layer after the embedding: a batch norm without shift, or none."""
    objective: Objective
    """The loss; the type joint adds a proxy and a pair objective."""
    similarity: Similarity = PLAIN
    """The similarity that the objective is given: plain, or dam with options of the mapping. For a
    joint objective, options of both mappings, and `proxy` and `pair` for those of one; none leaves
    that part plain."""
    rivals: Annotated[tuple[Entry, ...], _Listed] = ()
    """Rivals of DAM that act in training: erasing or attention."""
    memory: Memory = Memory()
    """A pair objective's memory of past features."""
    init: Initial | None = None
    """The weights of another run to start from; none starts from the backbone's own weights."""
    sampler: Sampler
    """The batches of training."""
    optimiser: Entry
    """One of torch's optimisers with its options; those left out have torch's defaults."""
    proxy_rate: Annotated[float, Field(ge=0, le=1e12)]
    """The factor of the learning rate for the loss's own parameters, such as proxies."""
    schedule: Schedule = Schedule()
    """How the learning rate changes, and when the backbone is trained."""
    epochs: Annotated[int, Field(ge=1, le=1_000_000)]
    """Epochs of training; an epoch draws as many images as the training half has."""
    evaluate_every: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Epochs between evaluations during training; with none, only before and after training."""
    nmi: bool = False
    """Whether evaluation also clusters features, for the normalised mutual information."""
    threads: Annotated[int, Field(ge=1, le=256)]
    """torch's threads on a CPU."""
    device: Device
    """Where the run trains."""
    precision: Precision = "fp32"
    """How the network computes in training: with 32 bits, in TensorFloat-32, or with 16 bits. The
    loss is always computed with 32, and so are the features of test images."""
    memory_format: MemoryFormat = "channels_last"
    """The order of a network's weights and maps in memory."""
    deterministic: bool = True
    """Whether only algorithms are used that give the same numbers each time."""
    compile: bool = False
    """Whether the backbone is compiled by torch before training."""

    @model_validator(mode="before")
    @classmethod
    def _check_json(cls, value: Any) -> Any:
        return json_value(value)

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        for stage in ("warmup", "frozen"):
            length = getattr(self.schedule, stage)
            if length >= self.epochs:
                raise ValueError(
                    f"schedule.{stage}={length:g} leaves nothing of epochs={self.epochs}; "
                    f"lower it, such as schedule.{stage}=0"
                )
        if self.device == "cpu" and self.precision in ("tf32", "fp16"):
            raise ValueError(
                f"precision={self.precision} needs a GPU; on a CPU there are fp32 and bf16"
            )
        joint = isinstance(self.objective, JointObjective)
        if isinstance(self.similarity, JointSimilarity):
            if not joint:
                raise ValueError("similarity.proxy and similarity.pair belong to a joint objective")
        elif joint and self.similarity != PLAIN:
            raise ValueError("a joint objective's similarity has proxy and pair, or is plain")
        if self.neck == "bn" and self.sampler.size < 2:
            raise ValueError(
                "neck=bn normalises over a batch, and sampler.classes=1 with sampler.samples=1 "
                "make batches of 1 image; raise one of them, or set neck=null"
            )
        return self


class Search(Part):
    """How settings were chosen: on validation folds of the training classes."""

    trials: Annotated[int, Field(ge=1, le=100_000)]
    """Trials of each arm at the points that all arms share."""
    tpe: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Trials of each arm at points that follow from its earlier ones."""
    folds: Annotated[int, Field(ge=2, le=1000)]
    """Folds of the training classes; each trial is trained and measured once on each."""
    seed: Seed
    """The seed of the points, of the folds and of the trials' training."""


class Tuned(Part):
    """That a run is part of a search: one of its trials, or the training of its winner."""

    keys: Annotated[tuple[Name, ...], _Listed]
    """The settings that the search chooses, such as objective.scale."""
    search: Search | None = None
    """The search that chose them; none in a trial."""


class RunConfig(Settings):
    """One run. The hash of its canonical dump is the run's identity."""

    recipe: Name
    """The recipe's name, for tables."""
    objective_name: Name
    """The objective's name in the suite, for tables."""
    arm: Name
    """The arm's name: the side of the comparison that the run is on."""
    seed: Seed
    """The seed of everything random in the run."""
    tuned: Tuned | None = None
    """What a search chose, or tries in this run; none where nothing was searched for."""

    @property
    def label(self) -> str:
        """What a person calls the run."""
        tried = "".join(f" {key}={one}" for key, one in self.tuned_values.items())
        if self.is_trial:
            tried += f" fold {self.dataset.options['validation']['fold'] + 1}"
        return f"{self.dataset.type} {self.objective_name} {self.arm}{tried} seed {self.seed}"

    @property
    def is_trial(self) -> bool:
        """Whether the run is a trial of a search, which nothing but its metrics is kept of."""
        return self.tuned is not None and self.tuned.search is None

    @property
    def tuned_values(self) -> dict[str, Any]:
        """The values of the settings that a search chooses, by their keys."""
        return {key: value_at(self.as_json(), key) for key in self.tuned.keys} if self.tuned else {}

    def as_json(self) -> dict[str, Any]:
        """The configuration as JSON holds it: dictionaries, lists, strings and numbers.

        Without `init`, `evaluate_every` and `tuned` where there is none.
        """
        absent = {one for one in ("init", "evaluate_every", "tuned") if getattr(self, one) is None}
        return self.model_dump(mode="json", exclude=absent)
