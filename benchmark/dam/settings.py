"""The settings that both mappings share, and when the mapping is on."""

from dataclasses import dataclass
from random import Random
from typing import Any, get_args

from .selection import Rule


@dataclass(frozen=True)
class DAM:
    """Settings of either mapping; see `ProxyDAM` and `PairDAM`.

    - `rule`, `keep`: which elements are kept; see `selection`.
    - `rescale`: multiply a sum over the kept set M by D / |M|. Cosines need no such factor.
    - `joint`: weight of the plain loss beside the mapped one,
      (L(S_dam) + joint L(S)) / (1 + joint).
    - `start`: the share of training before DAM begins.
    - `probability`: the share of steps with the mapping, drawn from the loss's seed and the step;
      the other steps are plain. `alternate`: every second step is plain, from the second on. Both
      are readings of the paper's "iteratively".
    """

    rule: Rule = "quantile"
    keep: float = 0.8
    rescale: bool = True
    joint: float = 0.0
    start: float = 0.0
    probability: float = 1.0
    alternate: bool = False

    def __post_init__(self) -> None:
        check_choice("rule", self.rule, get_args(Rule))
        if not 0 < self.keep <= 1:
            raise ValueError(f"keep must be above 0 and at most 1, not {self.keep}")
        if not self.joint >= 0:
            raise ValueError(f"joint must be at least 0, not {self.joint}")
        if not 0 <= self.start <= 1:
            raise ValueError(f"start must be a share of training, from 0 to 1, not {self.start}")
        if not 0 < self.probability <= 1:
            raise ValueError(f"probability must be above 0 and at most 1, not {self.probability}")
        if self.alternate and self.probability < 1:
            raise ValueError(
                f"alternate=True fixes which steps are mapped: leave probability at 1, "
                f"not {self.probability}"
            )

    def is_on(self, step: int, seed: int, progress: float | None) -> bool:
        """Whether the mapping is used in the `step`-th step, counted from 1.

        `seed` is that step's own; `progress` is the share of training that is done.
        """
        if self.rule == "all" or not has_begun(self.start, progress):
            return False
        if self.alternate:
            return step % 2 == 1
        return self.probability == 1 or Random(seed).random() < self.probability


def has_begun(start: float, progress: float | None) -> bool:
    """Whether what begins after the share `start` of training is on.

    Raises ValueError where that depends on a `progress` that nobody has set.
    """
    if start <= 0:
        return True
    if progress is None:
        raise ValueError(
            f"start={start} needs the share of training that is done: set loss.progress "
            "(0 to 1) before each step"
        )
    return progress >= start


def check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    """Raise ValueError unless the setting `name` has one of its known values."""
    if value not in known:
        raise ValueError(f"unknown {name} {value!r}; known: {', '.join(known)}")


SCHEDULE = ("joint", "start", "probability", "alternate")


def mapping_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a mapping alone; raises ValueError for one that acts in the loss."""
    for name in SCHEDULE:
        if name in settings:
            raise ValueError(f"{name} is a setting of the loss, not of a similarity: leave it out")
    return settings
