# Does everything train: each objective in each arm of the rivals, and in the two that equal their
# baseline (`all` bit for bit, `keep=1.0` to rounding). Short and of one seed: no comparison.
from mmengine.config import read_base

with read_base():
    from .objectives import cases  # noqa: F401 (what the suite runs)
    from .rivals import arms

arms = {
    **arms,
    "all": dict(similarity=dict(type="dam", rule="all")),
    "keep=1.0": dict(similarity=dict(type="dam", keep=1.0)),
}
seeds = [0]
