"""The convolutional block attention module, as timm keeps it."""

from timm.layers.cbam import CbamModule


class Cbam(CbamModule):
    """Weigh channels, then positions, of a map with `channels` channels.

    Woo et al., CBAM: Convolutional Block Attention Module, ECCV 2018, section 3; reduction 16 and
    a 7 x 7 kernel there. One block, on the backbone's last map.
    """

    place = "feature_map"

    def __init__(self, channels: int, reduction: int = 16, kernel: int = 7) -> None:
        if reduction < 1 or kernel % 2 == 0:
            raise ValueError(f"reduction from 1 and an odd kernel, not {reduction} and {kernel}")
        super().__init__(channels, rd_ratio=1 / reduction, spatial_kernel_size=kernel, rd_divisor=1)
