"""DAM, the method: which elements of an embedding are kept, and the similarity in them.

Read `definition` first: the method on one screen, and the oracle of everything else. `readings`
has the settings that differ from it, in the same form. `proxy_similarity` and `pair_similarity`
compute them fast, by what `kernels` finds installed; `ProxyDAM` and `PairDAM` hold their settings
for a loss.

This folder imports only torch, and itself by relative imports: it can be copied whole into another
project, under any name.

What is tested of both mappings:

1. `all` is the plain similarity bit for bit; `quantile` with keep=1 equals it up to rounding,
   gradients included, through the whole masked path.
2. The kept set carries no gradient; erased elements get exactly zero gradient from their pair.
3. Proxy mapping: sets are symmetric in the class pair; permuting elements, classes or samples
   permutes the result (for `random`, in distribution).
4. Features that ignore the image can't push a softmax loss under log C, over balanced labels;
   with the mappings in `naive` they can, which is why those are ablations only.
5. `masked_distance`, rescaled, with the rule `quantile`, `mean` or `soft`, never makes a negative
   pair less similar, nor a positive pair more.
6. The result doesn't depend on how the work is divided, up to rounding; ties go by index.
7. No tensor of B x C x D or B x B x D numbers is ever held.
"""

from . import definition
from .pair import PairDAM, pair_similarity
from .proxy import ProxyDAM, proxy_similarity

__all__ = ["PairDAM", "ProxyDAM", "definition", "pair_similarity", "proxy_similarity"]
