"""Proxy objectives: the references are class proxies, one column of S a class."""

from baselines.proxy.norm_softmax import NormSoftmax
from baselines.proxy.proxy_anchor import ProxyAnchor

__all__ = ["NormSoftmax", "ProxyAnchor"]
