"""What all runs on a CPU need: loaded by the server that their processes are forked from.

Imported for that alone. Without it each run would load the compiled loops of ranks and of DAM, and
every registered class with its libraries, for most of a second each.
"""

import contextlib

import numpy as np
import torch

from benchmark.dam.kernels.numba_functions import load
from benchmark.evaluation.ranking.ranks import rank_blocks
from benchmark.registry import (
    BACKBONES,
    DATASETS,
    PAIR_OBJECTIVES,
    PROXY_OBJECTIVES,
    RIVALS,
    TRANSFORMS,
    names,
)

# Threads that wait here would be missing in the processes that are forked.
torch.set_num_threads(1)
with contextlib.suppress(Exception):  # a run that needs them says what is wrong
    load()
    list(rank_blocks(torch.eye(4), np.array([0, 0, 1, 1])))
    for registry in (DATASETS, TRANSFORMS, BACKBONES, PROXY_OBJECTIVES, PAIR_OBJECTIVES, RIVALS):
        names(registry)
