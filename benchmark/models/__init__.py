"""Backbones, and the model that is trained on top of them.

A backbone maps images [n, channels, height, width] to feature maps [n, out_features, h, w].
"""

from benchmark.models.bn_inception import BNInception
from benchmark.models.efficientnet_lite0 import EfficientNetLite0
from benchmark.models.glyphnet import GlyphNet
from benchmark.models.pretrained import pretrained
from benchmark.models.resnet import ResNet50
from benchmark.models.retrieval import RetrievalModel

__all__ = [
    "BNInception",
    "EfficientNetLite0",
    "GlyphNet",
    "ResNet50",
    "RetrievalModel",
    "pretrained",
]
