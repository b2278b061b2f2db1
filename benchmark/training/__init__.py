"""What turns a configuration into trained weights and their metrics, on mmengine's Runner."""

from benchmark.training.run import Progress, remove_checkpoints, train

__all__ = ["Progress", "remove_checkpoints", "train"]
