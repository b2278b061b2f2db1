"""What an objective is: the base classes of those in `baselines.proxy` and `baselines.pair`."""

from abc import ABC, abstractmethod
from typing import Literal

from torch import Tensor, nn

Metric = Literal["cosine", "euclidean"]


class Objective(nn.Module, ABC):
    """A loss of the similarities S [B, N] of each sample to N references.

    What it expects of the similarities:

    - `metric`: "cosine", or "euclidean": minus a distance;
    - `normalise`: whether features (and proxies) are brought to unit length first.
    """

    metric: Metric = "cosine"
    normalise: bool = True

    @abstractmethod
    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """The loss (scalar); `positive` [B, N] is true where a reference has the sample's class."""


class ProxyObjective(Objective):
    """An objective whose references are class proxies: `centres` a class, side by side."""

    centres: int = 1

    def to_class(self, S: Tensor) -> Tensor:
        """The similarity to a class [...] from those to its centres [..., centres].

        That to the only centre here; an objective with several overrides this.
        """
        return S.squeeze(-1)

    def regulariser(self, proxies: Tensor) -> Tensor:
        """What the loss adds for the proxies [C * centres, D] alone (scalar): nothing here."""
        return proxies.new_zeros(())


class PairObjective(Objective):
    """An objective whose references are the other samples of the batch, and a memory's.

    One that draws does so from `seed`, which the loss sets at each step; with None it draws from
    torch's generator. `dim` is the number of elements of an embedding, 0 where it doesn't matter.
    """

    seed: int | None = None
    dim: int = 0


def check_above_zero(**options: float) -> None:
    """Raise ValueError for an option, such as a scale, that would turn the objective around."""
    for name, value in options.items():
        if not value > 0:
            raise ValueError(f"{name} must be above 0, not {value}")
