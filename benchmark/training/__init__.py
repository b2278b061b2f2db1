"""What turns a configuration into trained weights and their metrics, on mmengine's Runner."""

from benchmark.training.checkpoint import remove_checkpoints
from benchmark.training.run import Progress, train

__all__ = ["Progress", "remove_checkpoints", "train"]
