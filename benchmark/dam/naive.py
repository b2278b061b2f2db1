"""The naive proxy mappings: documented ablations that leak the label.

Their sets depend on the sample's own class y_i, and the own-class similarity is taken in other
elements than those of the other classes. So the mapped similarities give y_i away without a look
at the image: even if all features are equal, there are proxies for which each row is highest at
its own label, and the loss falls while nothing is learned. The margins of `proxy` have no such way
out, since they change sign when y and j swap.

For unit features and proxies, with d_c = the mean over the other classes j of |w_c - w_j| and
M_c = low(d_c), the mappings are

| mapping | S[i, j] |
|---|---|
| `naive_feature` | cos(f_i in M_{y_i}, w_j) |
| `naive_both` | cos(f_i in M_{y_i}, w_j in M_j) |
| `naive_cosine` | cos(f_i, w_j in low(abs(w_y - w_j))); S[i, y] = cos(f_i, w_y) |
| `naive_feature_proxy` | cos(f_i, w_j in low(abs(f_i - w_j))); S[i, y] = cos(f_i, w_y) |

where "a in M" has its elements outside M set to zero. Keeping all elements gives the plain cosine.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .kernels import kept_cosines
from .kernels.torch_selection import kept_sets
from .selection import Selection, Side

NAIVE = ("naive_feature", "naive_both", "naive_cosine", "naive_feature_proxy")


def naive_similarity(
    mapping: str,
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    table: Tensor,
    selection: Selection,
) -> Tensor:
    """S [B, C] of one of the mappings `NAIVE`, which leak the label.

    `table` [C, D] stands for the classes in the selection, without a gradient: the proxies, or
    the batch's class means.
    """
    if mapping in ("naive_feature", "naive_both"):
        masks = class_masks(table, selection)
        theirs = proxies * masks if mapping == "naive_both" else proxies
        return F.normalize(features * masks[labels]) @ F.normalize(theirs).T
    numbers = torch.arange(len(table), device=labels.device)
    classes = Side(table, numbers)
    if mapping == "naive_cosine":
        left = Side(table[labels], labels)
    else:
        left = Side(features.detach(), len(table) + numbers.new_ones(len(features)).cumsum(0) - 1)
    mapped = kept_cosines(features, proxies, left, classes, selection)
    plain = F.normalize(features) @ F.normalize(proxies).T
    return torch.where(labels.unsqueeze(1) == numbers, plain, mapped)


def class_masks(table: Tensor, selection: Selection) -> Tensor:
    """The sets M_c [C, D], 1 where kept and 0 where not, of classes with rows `table` [C, D].

    The sum over all j of |w_c - w_j| is computed from sorted values and their running sums, so
    that no C x C x D differences are needed.
    """
    count = len(table)
    values, order = table.sort(0)
    below = torch.arange(count, device=table.device).unsqueeze(1)
    # A product, because a GPU's running sums differ from call to call.
    running = values.new_ones(count, count).tril() @ values
    total = values * (2 * below + 2 - count) + running[-1] - 2 * running
    total = torch.empty_like(total).scatter_(0, order, total).clamp_min_(0)
    number = below.squeeze(1)
    scores = selection.scores(total / max(1, count - 1), number, number, None)
    return kept_sets(scores, selection).mask_(scores.clone())
