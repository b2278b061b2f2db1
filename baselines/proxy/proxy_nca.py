"""ProxyNCA."""

from torch import Tensor

from baselines.objective import ProxyObjective, check_above_zero


class ProxyNca(ProxyObjective):
    """Neighbourhood component analysis with proxies for neighbours, in its first form.

        L = mean over i of -log( exp(-s d[i, y_i]^2) / sum over j != y_i of exp(-s d[i, j]^2) )

    with Euclidean distances d of unit vectors, so that d^2 = 2 - 2 S. The own class is not in the
    denominator: the loss has no lower bound of 0. Movshovitz-Attias et al., "No Fuss Distance
    Metric Learning using Proxies", ICCV 2017, algorithm 1, with the squared distance of
    neighbourhood component analysis; scale s = 1.
    """

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        check_above_zero(scale=scale)
        self.scale = scale

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from cosines S [B, C] and `positive` [B, C], one true entry a row.

        Raises ValueError for a single class, which leaves the denominator empty.
        """
        if S.shape[1] < 2:
            raise ValueError(
                "ProxyNca compares with the proxies of other classes: it needs at least 2 classes"
            )
        exponents = 2 * self.scale * S
        own = exponents.masked_fill(~positive, 0).sum(1)
        others = exponents.masked_fill(positive, -float("inf")).logsumexp(1)
        return (others - own).mean()
