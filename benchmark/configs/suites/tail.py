# Photographs on a CPU: the last stages of a network and an embedding, on maps that its first stages
# made once; four objectives with DAM, without it, with its hardness alone, and with random elements
# erased. Each data set is optional; a part of one will do with --allow-partial.
from mmengine.config import read_base

with read_base():
    from .frozen import arms  # noqa: F401 (read by the suite)
    from .frozen import cases as _frozen

cases = [dict(case, recipe=str(case["recipe"]).replace("frozen", "tail")) for case in _frozen]
seeds = [0, 1, 2]
