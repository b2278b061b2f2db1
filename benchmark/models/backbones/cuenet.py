"""A small convolutional network for the drawn beetles."""

from benchmark.models.backbones.glyphnet import GlyphNet
from benchmark.registry import BACKBONES


@BACKBONES.register_module(name="cuenet")
class CueNet(GlyphNet):
    """`GlyphNet` for colour images [n, 3, height, width], from 32 pixels; half as wide by default.

    Its map keeps some place, so that small parts can be found on it: [n, 4 * width, height / 8,
    width / 8].
    """

    channels = 3

    def __init__(self, width: int = 16) -> None:
        super().__init__(width)
