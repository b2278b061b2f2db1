"""SoftTriple: several centres a class."""

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.objective import ProxyObjective, check_above_zero
from baselines.proxy.own_class import own_class


class SoftTriple(ProxyObjective):
    """Normalised softmax over classes of K centres each.

        L = mean over i of -log( exp(s (P[i, y_i] - m))
                                 / (exp(s (P[i, y_i] - m)) + sum over c != y_i of exp(s P[i, c])) )
          + tau / (C K (K - 1)) sum over c of sum over pairs k < l of |w_ck - w_cl|

        P[i, c] = sum over k of S[i, ck] exp(S[i, ck] / gamma) / sum over l of exp(S[i, cl] / gamma)

    The references are C K centres w of unit length; those of a class stand side by side, so that
    column c K + k is centre k of class c. The first line is `forward`. The second, which merges
    centres that a class does not need, depends on the centres alone: it is `regulariser`, which the
    loss module adds. Qian et al., "SoftTriple Loss: Deep Metric Learning Without Triplet
    Sampling", ICCV 2019; K = 10, s = 20 (lambda there), gamma = 0.1, tau = 0.2 and m = 0.01 (delta
    there).

    Under DAM, two classes differ by the difference of the means of their centres, which gives one
    set M for the pair of classes. In it every centre of class c is compared with all those of the
    own class together, as P takes them,

        S_dam[i, ck] = P[i, y] - P_M[i, y] + (D / |M|) <f_i, w_ck>_M

    with P_M[i, y] made like P[i, y], of (D / |M|) <f_i, w_yk>_M. The similarities to the centres of
    the own class stay plain.
    """

    def __init__(
        self,
        centres: int = 10,
        scale: float = 20.0,
        gamma: float = 0.1,
        margin: float = 0.01,
        tau: float = 0.2,
    ) -> None:
        super().__init__()
        if centres < 1:
            raise ValueError(f"centres must be at least 1 a class, not {centres}")
        self.centres = centres
        check_above_zero(scale=scale, gamma=gamma)
        self.scale = scale
        self.gamma = gamma
        self.margin = margin
        self.tau = tau

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from cosines S [B, C K] and `positive` [B, C K], K true entries a row.

        The regulariser is not in it. Raises ValueError unless the columns are classes of K centres;
        whether these stand side by side is checked on a CPU alone, as a GPU would be waited for.
        """
        if S.shape[1] % self.centres:
            raise ValueError(
                f"{S.shape[1]} references are not classes of {self.centres} centres each"
            )
        to_centres = S.unflatten(1, (-1, self.centres))
        members = positive.unflatten(1, (-1, self.centres))
        own = members.any(2)
        if not positive.is_cuda and not torch.equal(own, members.all(2)):
            raise ValueError(
                f"the {self.centres} centres of a class must stand side by side: "
                "`positive` differs among them"
            )
        to_classes = self.to_class(to_centres)
        logits = self.scale * torch.where(own, to_classes - self.margin, to_classes)
        return F.cross_entropy(logits, own_class(own))

    def to_class(self, S: Tensor) -> Tensor:
        """P, the similarity to a class [...] from those to its K centres [..., K]."""
        return (S * (S / self.gamma).softmax(-1)).sum(-1)

    def regulariser(self, proxies: Tensor) -> Tensor:
        """The second line of the formula (scalar), from centres [C K, D] of unit length.

        0 for K = 1. Centres that have merged pass no gradient to each other.
        """
        centres = proxies.unflatten(0, (-1, self.centres))
        apart = torch.cdist(centres, centres, compute_mode="donot_use_mm_for_euclid_dist")
        pairs = len(centres) * self.centres * max(1, self.centres - 1)
        return self.tau * apart.sum() / (2 * pairs)
