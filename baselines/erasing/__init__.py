"""The other way to regularise: erase at random, regardless of what tells classes apart.

Each module acts in training alone, at its `place` in the model: "image", "feature_map" or
"embedding". DAM's own rule `random` erases random elements from the similarity, for each pair of
classes.
"""

from baselines.erasing.drop_block import DropBlock
from baselines.erasing.dropout import Dropout
from baselines.erasing.random_erasing import RandomErasing

__all__ = ["DropBlock", "Dropout", "RandomErasing"]
