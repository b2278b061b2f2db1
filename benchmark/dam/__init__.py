"""DAM, the method: which elements of an embedding are kept, and the similarity in them.

Loads with torch alone. `proxy_similarity` and `pair_similarity` are the mappings as functions;
`ProxyDAM` and `PairDAM` hold their settings for `benchmark.losses`.
"""

from benchmark.dam.pair import PairDAM, pair_similarity
from benchmark.dam.proxy import ProxyDAM, proxy_similarity

__all__ = ["PairDAM", "ProxyDAM", "pair_similarity", "proxy_similarity"]
