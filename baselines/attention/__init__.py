"""The third direction of the paper's introduction: attention, which weighs instead of erasing.

Each module acts on the feature map in training and testing, and has weights of its own.
"""

from baselines.attention.cbam import Cbam

__all__ = ["Cbam"]
