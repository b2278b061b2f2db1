"""The tests work on small tensors, for which several threads cost more than they give.

Photographs aren't kept decoded beyond a test.
"""

import os

import torch

torch.set_num_threads(1)
os.environ["DAM_BENCHMARK_IMAGE_CACHE"] = "off"
