"""DAM, the method: which elements of an embedding are kept, and the similarity in them.

Loads with torch alone. `proxy_similarity` and `pair_similarity` are the mappings as functions;
`ProxyDAM` and `PairDAM` hold their settings for `benchmark.losses`.

What holds of both, and is tested:

1. `all` is the plain similarity bit for bit; `quantile` with keep=1 is it to rounding, gradients
   included, through the whole masked path.
2. The kept set carries no gradient; erased elements get exactly zero gradient from their pair.
3. Proxy mapping: sets are symmetric in the class pair; permuting elements, classes or samples
   permutes the result (for `random`, in distribution).
4. Features that ignore the image can't push a softmax loss under log C, over balanced labels;
   with the mappings in `naive` they can, which is why those are ablations only.
5. `masked_distance`, rescaled, with the rule `quantile` or `mean`, never makes a negative pair
   less similar, nor a positive pair more.
6. The result doesn't depend on how the work is blocked, within rounding; ties go by index.
7. No tensor of B x C x D or B x B x D numbers exists.
"""

from benchmark.dam.pair import PairDAM, pair_similarity
from benchmark.dam.proxy import ProxyDAM, proxy_similarity

__all__ = ["PairDAM", "ProxyDAM", "pair_similarity", "proxy_similarity"]
