"""What all runs on a CPU need: loaded by the server that their processes are forked from.

Imported for that alone. Without it each run would load the compiled loops of ranks and of DAM
again, for a second each.
"""

import contextlib

import numpy as np
import torch

from benchmark.dam.kernels.numba_functions import load
from benchmark.evaluation.ranking.ranks import rank_blocks

# Threads that wait here would be missing in the processes that are forked.
torch.set_num_threads(1)
with contextlib.suppress(Exception):  # a run that needs them says what is wrong
    load()
    list(rank_blocks(torch.eye(4), np.array([0, 0, 1, 1])))
