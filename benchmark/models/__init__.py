"""Backbones, and the embedding head on top of them.

A backbone maps images [n, channels, height, width] to features [n, out_features].
"""

from benchmark.models.glyphnet import GlyphNet
from benchmark.models.resnet import ResNet50
from benchmark.models.retrieval import RetrievalModel

__all__ = ["GlyphNet", "ResNet50", "RetrievalModel"]
