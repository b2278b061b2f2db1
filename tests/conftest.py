"""The tests work on small tensors, for which several threads cost more than they give."""

import torch

torch.set_num_threads(1)
