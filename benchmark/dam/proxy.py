"""The proxy mapping: margins over each other class, in the elements where the two differ least.

`definition` has the formula of the default, `readings` those of the other settings.

With K centres w_j1 .. w_jK a class, P what an objective makes of the similarities to a class's
centres, and M = low(|m_y - m_j|) between the means of centres, the default is

    S_dam[i, (j, k)] = P(<f_i, w_y.>) - (P(D / |M| <f_i, w_y.>_M) - D / |M| <f_i, w_jk>_M)
    S_dam[i, (y, k)] = <f_i, w_yk>

P must be translation-equivariant, P(s + c) = P(s) + c. Then the margin of class y over class j
changes sign when the two swap, as with one proxy a class. Against the mean m_y it would not, and
the label would leak: centres could spread, for their own class alone, in elements erased for all.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from . import kernels
from .classes import Difference, class_table, mutually_nearest
from .compiling import left_out_of_graphs
from .hardness import HIGHEST, LOWEST, mean_ratio
from .inputs import check_range, check_vectors, class_labels
from .kernels import ToClass
from .naive import NAIVE, naive_similarity
from .selection import Rule, Selection, Side
from .settings import DAM, check_choice, mapping_settings

Mapping = Literal[
    "margin", "margin_cosine", "masked_distance", "contributions", "shrunk",
    "naive_feature", "naive_both", "naive_cosine", "naive_feature_proxy",
]  # fmt: skip
Select = Literal["negatives", "both"]
ANY_LENGTH = ("margin", "contributions", "shrunk")
"""Mappings of features and proxies that need not be of unit length."""
WITH_CENTRES = ("margin", "shrunk")
BETWEEN_CLASSES = (
    "margin",
    "margin_cosine",
    "shrunk",
    "naive_feature",
    "naive_both",
    "naive_cosine",
)
"""Mappings whose sets follow from the differences between classes."""


@dataclass(frozen=True)
class ProxyDAM(DAM):
    """Settings of the proxy mapping, with the project's defaults; the first ones are those of DAM.

    - `mapping`: "margin" (default); "margin_cosine", margins of cosines in M; "masked_distance",
      distances to proxies in M; "contributions", the lowest terms of each sample's margin;
      "shrunk", the control that is as hard but selects nothing; or a leaking one of `naive`.
      Formulas are in `readings`, and in `naive`.
    - `difference`: what stands for a class in the selection: its proxy ("proxies"), the mean of its
      features in the batch ("class_means"), or their running mean over the steps ("running_means",
      with `momentum`). The paper has "the difference of the feature value between different
      classes".
    - `nearest`: K > 0 maps only pairs of classes that are among each other's K nearest, the
      "various specific inter-classes"; the others are plain. 0 maps all.
    - `select`: "both" maps the own class too, with the elements in which f_i and w_y differ most;
      for `masked_distance` alone. "negatives" leaves it plain.
    - `own`: whether the own-class term S[i, y] passes a gradient through the other columns.
    """

    mapping: Mapping = "margin"
    difference: Difference = "proxies"
    momentum: float = 0.9
    nearest: int = 0
    select: Select = "negatives"
    own: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("mapping", self.mapping, get_args(Mapping))
        check_choice("difference", self.difference, get_args(Difference))
        check_choice("select", self.select, get_args(Select))
        if self.nearest < 0:
            raise ValueError(f"nearest must be a number of classes, or 0 for all: {self.nearest}")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must be at least 0 and below 1, not {self.momentum}")
        self._check_combinations()

    def _check_combinations(self) -> None:
        mapping = f"mapping={self.mapping!r}"
        if self.select == "both" and self.mapping != "masked_distance":
            raise ValueError(f"select='both' needs mapping='masked_distance', not {self.mapping!r}")
        if self.difference != "proxies" and self.mapping not in BETWEEN_CLASSES:
            raise ValueError(
                f"difference={self.difference!r} needs sets that follow from the differences "
                f"between classes, which {mapping} has not"
            )
        if not self.own and self.mapping in ("masked_distance", *NAIVE):
            raise ValueError(f"own=False needs a margin, which {mapping} has not")
        if not self.rescale and self.mapping in ("margin_cosine", *NAIVE):
            raise ValueError(f"rescale=False has no meaning for the cosines of {mapping}")
        if self.rule == "inverse" and self.mapping in ("masked_distance", "contributions"):
            raise ValueError(f"rule='inverse' with {mapping} would leak the label")
        if self.mapping in NAIVE and (self.nearest or self.rule == "soft"):
            setting = "nearest" if self.nearest else "rule='soft'"
            raise ValueError(f"{setting} has no form for {mapping}")

    def check_objective(self, normalise: bool, centres: int) -> None:
        """Raise ValueError unless the mapping has a form for such an objective.

        `normalise` says whether its features and proxies are of unit length, `centres` how many
        proxies a class has.
        """
        if not normalise and self.mapping not in ANY_LENGTH:
            raise ValueError(
                f"mapping={self.mapping!r} needs features of unit length; on others use "
                f"{' or '.join(ANY_LENGTH)}"
            )
        if centres > 1 and self.mapping not in WITH_CENTRES:
            raise ValueError(
                f"mapping={self.mapping!r} has no form for {centres} centres a class; use "
                f"{' or '.join(WITH_CENTRES)}"
            )

    @left_out_of_graphs
    def __call__(
        self,
        features: Tensor,
        proxies: Tensor,
        labels: Tensor,
        seed: int,
        centres: int = 1,
        to_class: ToClass | None = None,
        means: Tensor | None = None,
        *,
        check_labels: bool = True,
    ) -> Tensor:
        """S_dam [B, C * centres]; see `proxy_similarity`.

        Labels that were checked before need no second look, for which a GPU would be waited for.
        """
        check_vectors(features, proxies, "proxies")
        if centres < 1 or len(proxies) % centres:
            raise ValueError(f"{len(proxies)} proxies can't be {centres} centres for each class")
        if centres > 1 and to_class is None:
            raise ValueError(f"{centres} centres a class need to_class, as the objective has it")
        self.check_objective(True, centres)
        labels = class_labels(labels, len(features))
        if check_labels:
            check_range(labels, len(proxies) // centres)
        if self.rule == "all":
            return features @ proxies.T
        selection = Selection(self.rule, self.keep, seed, self.rescale)
        # Half precision would change the selection and the sums, and differently by technology.
        with torch.autocast(features.device.type, enabled=False):
            table = class_table(features, proxies, labels, centres, self.difference, means)
            if self.mapping in NAIVE:
                return naive_similarity(self.mapping, features, proxies, labels, table, selection)
            return self._mapped(features, proxies, labels, table, selection, centres, to_class)

    def _mapped(
        self,
        features: Tensor,
        proxies: Tensor,
        labels: Tensor,
        table: Tensor,
        selection: Selection,
        centres: int,
        to_class: ToClass | None,
    ) -> Tensor:
        to_class = to_class if centres > 1 else None
        # An embedding's gradient is summed in a fixed order on a GPU too.
        own = F.embedding(labels, proxies.unflatten(0, (-1, centres)).flatten(1))
        to_own = (features.unsqueeze(1) * own.unflatten(1, (centres, -1))).sum(-1)  # [B, K]
        term = to_own if to_class is None else to_class(to_own).unsqueeze(1)
        columns = labels.unsqueeze(1) * centres + torch.arange(centres, device=labels.device)
        near = None
        if self.nearest:
            near = mutually_nearest(table, labels, self.nearest).repeat_interleave(centres, 1)
            near = near.scatter(1, columns, True)

        if self.mapping == "masked_distance":
            mapped = 1 - distances_to_proxies(features, proxies, labels, selection) / 2
        else:
            if self.mapping == "margin":
                margins = kernels.class_margins(
                    features, proxies, labels, table, selection, to_class
                )
            elif self.mapping == "margin_cosine":
                margins = kernels.cosine_margins(features, proxies, labels, table, selection)
            elif self.mapping == "contributions":
                margins = kernels.lowest_contributions(features, proxies, labels, selection)
            else:
                margins = term - features @ proxies.T
                with torch.no_grad():
                    hard = kernels.class_margins(
                        features, proxies, labels, table, selection, to_class
                    )
                    others = torch.ones_like(hard, dtype=torch.bool) if near is None else near
                    others = others.scatter(1, columns, False)
                    ratio = mean_ratio(hard, margins, others).clamp(LOWEST, HIGHEST)
                margins = ratio * margins
            mapped = (term if self.own else term.detach()) - margins
        if near is not None:
            mapped = torch.where(near, mapped, features @ proxies.T)
        return mapped if self.select == "both" else mapped.scatter(1, columns, to_own)


def distances_to_proxies(
    features: Tensor, proxies: Tensor, labels: Tensor, selection: Selection
) -> Tensor:
    """Squared distances [B, C] in M: the elements that differ least, or most for the own class."""
    numbers = torch.arange(len(features) + len(proxies), device=labels.device)
    left = Side(features.detach(), numbers[: len(features)], labels)
    right = Side(proxies.detach(), numbers[len(features) :], numbers[: len(proxies)])
    return kernels.kept_squares(features, proxies, left, right, selection)


@left_out_of_graphs
def proxy_similarity(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    rule: Rule = "quantile",
    keep: float = 0.8,
    *,
    centres: int = 1,
    to_class: ToClass | None = None,
    means: Tensor | None = None,
    seed: int | None = None,
    **settings: Any,
) -> Tensor:
    """DAM similarities S [B, C] of features [B, D] to proxies [C, D], labels [B] in 0 .. C - 1.

    Features and proxies come as they are to be compared (unit length where that is wanted, and
    for every mapping but those of `ANY_LENGTH`), both float32 or both float64. `rule`, `keep` and
    the other `settings` are those of `ProxyDAM`, less `joint`, `start`, `probability` and
    `alternate`.

    With K `centres` a class, proxies are [C K, D], those of a class side by side, and so is S;
    `to_class` then makes the similarity to a class [...] of those to its centres [..., K], as the
    objective does, such as `SoftTriple().to_class`. `means` [C, D] are the classes' running means
    for `difference` "running_means", NaN for a class without one. `seed` fixes the draw of
    `random`; with None each call draws anew from torch's generator.

    Raises ValueError for an unknown choice or one that contradicts another, shapes or types that
    don't fit, or a label that is no integer or outside the proxies.
    """
    dam = ProxyDAM(rule, keep, **mapping_settings(settings))
    seed = int(torch.randint(1 << 31, ())) if seed is None else seed
    return dam(features, proxies, labels, seed, centres, to_class, means)
