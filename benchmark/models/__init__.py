"""Backbones, and the model that is trained on top of them.

A backbone maps images [n, channels, height, width] to feature maps [n, out_features, h, w].
"""

from benchmark.models.backbones.bn_inception import BNInception
from benchmark.models.backbones.efficientnet_lite0 import EfficientNetLite0
from benchmark.models.backbones.glyphnet import GlyphNet
from benchmark.models.backbones.pretrained import pretrained
from benchmark.models.backbones.resnet import ResNet50
from benchmark.models.retrieval import RetrievalModel

__all__ = [
    "BNInception",
    "EfficientNetLite0",
    "GlyphNet",
    "ResNet50",
    "RetrievalModel",
    "pretrained",
]
