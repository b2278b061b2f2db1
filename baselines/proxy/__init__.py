"""Proxy objectives: the references are class proxies, one column of S a class.

SoftTriple alone has several proxies a class, its centres, side by side.
"""

from baselines.proxy.arc_face import ArcFace
from baselines.proxy.cos_face import CosFace
from baselines.proxy.norm_softmax import NormSoftmax
from baselines.proxy.proxy_anchor import ProxyAnchor
from baselines.proxy.proxy_nca import ProxyNca
from baselines.proxy.proxy_nca_plus import ProxyNcaPlus
from baselines.proxy.soft_triple import SoftTriple
from baselines.proxy.softmax import Softmax

__all__ = [
    "ArcFace",
    "CosFace",
    "NormSoftmax",
    "ProxyAnchor",
    "ProxyNca",
    "ProxyNcaPlus",
    "SoftTriple",
    "Softmax",
]
