# Your own images for re-identification, laid out and named as Market-1501: dataset.path=PATH, and
# dataset.name=NAME for the tables. Batches take fewer identities where there are fewer.
from mmengine.config import read_base

with read_base():
    from .market1501 import cases as _market

cases = [{**_market[0], "dataset": "reid_folder", "fit_batches": True}]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
    random=dict(similarity=dict(type="dam", rule="random")),
)
seeds = [0, 1, 2]
