"""Entries of a configuration: a registered class by its name, with its options beside it."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    StringConstraints,
    Tag,
    model_validator,
)

from benchmark.validation import Part, shown

JOINT = "joint"
"""The objective that is a weighted sum of a proxy and a pair objective."""


def _without_controls(name: str) -> str:
    """A name that a terminal, a table and a file can show."""
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in name):
        raise ValueError(f"a name holds no control characters, as {shown(name)} does")
    return name


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(_without_controls),
]
_Weight = Annotated[float, Field(ge=0, le=1_000_000)]
_Listed = Strict(False)  # a tuple from a list


class Entry(BaseModel):
    """A registered class by its name, the `type`, with its options beside it."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    type: Name

    @classmethod
    def of(cls, kind: str, **options: Any) -> "Entry":
        """The entry of the type `kind` with these options."""
        return cls.model_validate({"type": kind, **options})

    @property
    def options(self) -> dict[str, Any]:
        """The options by name."""
        return dict(self.__pydantic_extra__ or {})


PLAIN = Entry(type="plain")
"""The similarity of the baseline."""


class JointObjective(Part):
    """A weighted sum of a proxy and a pair objective."""

    type: Literal["joint"]
    proxy: Entry
    """The proxy objective."""
    pair: Entry
    """The pair objective."""
    weights: Annotated[tuple[_Weight, _Weight], _Listed] = (1.0, 1.0)
    """The weights of the two losses: the proxy objective's, then the pair objective's."""

    @model_validator(mode="after")
    def _check_weights(self) -> Self:
        if not any(self.weights):
            raise ValueError("weights can't both be 0")
        return self


class JointSimilarity(Part):
    """The similarities of the two parts of a joint objective."""

    type: Name
    proxy: Entry
    """The proxy objective's."""
    pair: Entry
    """The pair objective's."""


def _is_joint_objective(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return JOINT if kind == JOINT else "entry"


def _is_joint_similarity(value: Any) -> str:
    joint = isinstance(value, JointSimilarity) or (isinstance(value, dict) and "proxy" in value)
    return JOINT if joint else "entry"


Objective = Annotated[
    Annotated[Entry, Tag("entry")] | Annotated[JointObjective, Tag(JOINT)],
    Discriminator(_is_joint_objective),
]
Similarity = Annotated[
    Annotated[Entry, Tag("entry")] | Annotated[JointSimilarity, Tag(JOINT)],
    Discriminator(_is_joint_similarity),
]
