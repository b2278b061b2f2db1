"""The proxy mapping: margins over each other class, in the elements where the two differ least.

For a sample i of class y and a class j, with M = low(|w_y - w_j|) of D elements,

    S_dam[i, j] = S[i, y] - (D / |M|) <f_i, w_y - w_j>_M          S_dam[i, y] = S[i, y]

With K centres w_j1 .. w_jK a class, P what an objective makes of the similarities to a class's
centres, and M = low(|m_y - m_j|) between the means of centres,

    S_dam[i, (j, k)] = P(<f_i, w_y.>) - P((D / |M|) <f_i, w_y.>_M) + (D / |M|) <f_i, w_jk>_M
    S_dam[i, (y, k)] = <f_i, w_yk>

Where P moves along with what it is made of, P(s + c) = P(s) + c, the margin of class y over class j
changes sign when the two swap, as with one proxy a class. Against the mean m_y it would not, and
the label would leak: centres could spread, for their own class alone, in elements erased for all.

The mapping `margin_cosine` takes the margin from cosines in M instead:

    S_dam[i, j] = S[i, y] - (cos(f_i, w_y in M) - cos(f_i, w_j in M))
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.dam.compiling import left_out_of_graphs
from benchmark.dam.inputs import check_range, check_vectors, class_labels
from benchmark.dam.kernels.cosines import kept_cosines
from benchmark.dam.kernels.torch_sums import ToClass, class_margins
from benchmark.dam.naive import NAIVE, naive_similarity
from benchmark.dam.selection import Selection, Side, check_choice, check_rule, check_schedule

BLOCK = 1 << 19
MAPPINGS = ("margin", "margin_cosine", *NAIVE)
DIFFERENCES = ("proxies", "class_means")


@dataclass(frozen=True)
class ProxyDAM:
    """Settings of the proxy mapping, with the project's defaults.

    `rule` and `keep` select; `rescale` multiplies a kept sum by D / |M| (cosines need none);
    `joint` is the weight of the plain loss beside the mapped one,
    (L(S_dam) + joint L(S)) / (1 + joint); `start` is the share of training before DAM begins;
    `difference`, `own` and `mapping` are those of `proxy_similarity`.
    """

    rule: str = "quantile"
    keep: float = 0.8
    rescale: bool = True
    joint: float = 0.0
    start: float = 0.0
    difference: str = "proxies"
    own: bool = True
    mapping: str = "margin"

    def __post_init__(self) -> None:
        check_rule(self.rule, self.keep)
        check_schedule(self.joint, self.start)
        _check(self.difference, self.own, self.mapping, 1)

    def __call__(
        self,
        features: Tensor,
        proxies: Tensor,
        labels: Tensor,
        seed: int,
        centres: int = 1,
        to_class: ToClass | None = None,
    ) -> Tensor:
        """S_dam [B, C * centres]; see `proxy_similarity`."""
        return proxy_similarity(
            features,
            proxies,
            labels,
            self.rule,
            self.keep,
            rescale=self.rescale,
            difference=self.difference,
            own=self.own,
            mapping=self.mapping,
            centres=centres,
            to_class=to_class,
            seed=seed,
        )


def _check(difference: str, own: bool, mapping: str, centres: int) -> None:
    check_choice("difference", difference, DIFFERENCES)
    check_choice("mapping", mapping, MAPPINGS)
    if not own and mapping in NAIVE:
        raise ValueError(f"own=False needs a margin, which mapping={mapping!r} has not")
    if centres > 1 and mapping != "margin":
        raise ValueError(f"{centres} centres a class need mapping='margin', not {mapping!r}")


@left_out_of_graphs
def proxy_similarity(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    rule: str = "quantile",
    keep: float = 0.8,
    *,
    rescale: bool = True,
    difference: str = "proxies",
    own: bool = True,
    mapping: str = "margin",
    centres: int = 1,
    to_class: ToClass | None = None,
    seed: int | None = None,
    block: int = BLOCK,
) -> Tensor:
    """DAM similarities S [B, C] of features [B, D] to proxies [C, D], labels [B] in 0 .. C - 1.

    Features and proxies come as they are to be compared (unit length where that is wanted, and
    for every mapping but `margin`), both float32 or both float64. `rule` is one of quantile, mean,
    random, inverse, all. With K `centres` a class, proxies are [C K, D], those of a class side by
    side, and so is S; `to_class` then makes the similarity to a class [...] of those to its
    centres [..., K], as the objective does, such as `SoftTriple().to_class`.

    `difference` says what stands for a class in the selection: its proxy ("proxies"), or the mean
    of its features in the batch, where it has any ("class_means"). With `own` false, the
    own-class term S[i, y] passes no gradient through the other columns of S_dam. `mapping` is
    margin, margin_cosine, or one of the leaking `naive.NAIVE`.

    `seed` fixes the draw of `random`; with None each call draws anew from torch's generator.
    `block` bounds the numbers held at a time and does not change the result beyond rounding.

    Raises ValueError for an unknown choice or one that doesn't fit the others, a share outside
    (0, 1], shapes or types that don't fit, or a label that is no integer or outside the proxies.
    """
    check_rule(rule, keep)
    _check(difference, own, mapping, centres)
    check_vectors(features, proxies, "proxies")
    if centres < 1 or len(proxies) % centres:
        raise ValueError(f"{len(proxies)} proxies can't be {centres} centres for each class")
    if centres > 1 and to_class is None:
        raise ValueError(f"{centres} centres a class need to_class, as the objective has it")
    labels = class_labels(labels, len(features))
    check_range(labels, len(proxies) // centres)
    if rule == "all":
        return features @ proxies.T
    if seed is None:
        seed = int(torch.randint(1 << 31, ()))
    selection = Selection(rule, keep, seed)
    together = to_class if centres > 1 else None
    # Half precision would move the selection and the sums, and not alike on every way.
    with torch.autocast(features.device.type, enabled=False):
        table = class_table(features, proxies, labels, centres, difference)
        if mapping in NAIVE:
            return naive_similarity(mapping, features, proxies, labels, table, selection, block)
        # An embedding's gradient is summed in a fixed order on a GPU too.
        home = F.embedding(labels, proxies.unflatten(0, (-1, centres)).flatten(1))
        if mapping == "margin":
            margins = class_margins(
                features, proxies, labels, table, selection, rescale, together, block
            )
        else:
            left = Side(table[labels], labels)
            right = Side(table, torch.arange(len(table), device=labels.device))
            margins = -kept_cosines(features, proxies, left, right, selection, block, home)
        plain = (features.unsqueeze(1) * home.unflatten(1, (centres, -1))).sum(-1)
        term = plain if together is None else together(plain).unsqueeze(1)
        mapped = (term if own else term.detach()) - margins
        column = labels.unsqueeze(1) * centres + torch.arange(centres, device=labels.device)
        return mapped.scatter(1, column, plain)


def class_table(
    features: Tensor, proxies: Tensor, labels: Tensor, centres: int, difference: str
) -> Tensor:
    """What stands for each class in the selection [C, D], without a gradient.

    The mean of a class's centres; for "class_means" the mean of its features instead, if any.
    """
    table = proxies.detach()
    if centres > 1:
        table = table.unflatten(0, (-1, centres)).mean(1)
    if difference == "proxies":
        return table
    member = torch.arange(len(table), device=labels.device).unsqueeze(1) == labels  # [C, B]
    size = member.sum(1, keepdim=True)
    # A product, because a GPU adds rows to rows in no fixed order.
    total = member.to(table.dtype) @ features.detach()
    return torch.where(size > 0, total / size.clamp_min(1), table)
