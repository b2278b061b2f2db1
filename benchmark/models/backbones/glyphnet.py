"""A small convolutional network for the typefaces."""

from torch import Tensor, channels_last, nn

from benchmark.registry import BACKBONES


@BACKBONES.register_module(name="glyphnet")
class GlyphNet(nn.Module):
    """Three stages of 3x3 convolution, batch norm and ReLU, each halving the image.

    For grey images [n, 1, 32, 32]; `width` channels in the first stage, doubled in each next one.
    """

    channels = 1
    """Of an image."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        channels = self.channels
        for stage in (width, 2 * width, 4 * width):
            stages += [
                nn.Conv2d(channels, stage, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(stage),
                nn.ReLU(inplace=True),
            ]
            channels = stage
        self.stages = nn.Sequential(*stages)
        self.out_features = channels

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps [n, 4 * width, height / 8, width / 8].

        Drawn and rendered images are floats, which are taken as they are; photographs are uint8.
        """
        if not images.is_floating_point():
            images = images / 127.5 - 1
        feature_map: Tensor = self.stages(images.contiguous(memory_format=channels_last))
        return feature_map
