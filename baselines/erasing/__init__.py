"""The other way to regularise: erase at random, whatever tells classes apart.

Each module acts in training alone, at its `place` in the model: "image", "feature_map" or
"embedding". Random elements erased from the similarity, a pair of classes at a time, are DAM's own
rule `random`.
"""

from baselines.erasing.drop_block import DropBlock
from baselines.erasing.dropout import Dropout
from baselines.erasing.random_erasing import RandomErasing

__all__ = ["DropBlock", "Dropout", "RandomErasing"]
