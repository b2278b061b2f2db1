"""ProxyNCA++."""

import torch.nn.functional as F
from torch import Tensor

from baselines.objective import ProxyObjective, check_above_zero
from baselines.proxy.own_class import own_class


class ProxyNcaPlus(ProxyObjective):
    """ProxyNCA as a probability over all classes, with a temperature.

        L = mean over i of -log( exp(-s d[i, y_i]^2) / sum over j of exp(-s d[i, j]^2) )

    with Euclidean distances d of unit vectors, so that d^2 = 2 - 2 S and the loss is normalised
    softmax with scale 2 s, where s = 1 / temperature. Teh et al., "ProxyNCA++: Revisiting and
    Revitalizing Proxy Neighborhood Component Analysis", ECCV 2020; temperature 1/9 there. What the
    paper adds beside the loss (pooling, layer norm, balanced batches, faster proxies) is a matter
    of the recipe.
    """

    def __init__(self, scale: float = 9.0) -> None:
        super().__init__()
        check_above_zero(scale=scale)
        self.scale = scale

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from cosines S [B, C] and `positive` [B, C], one true entry a row."""
        return F.cross_entropy(2 * self.scale * S, own_class(positive))
