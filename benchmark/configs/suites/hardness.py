# Is it the selection, or that DAM's loss is a harder one? The default suite with the control
# `shrunk`, which has DAM's mean hardness and singles out no element. Made into the folder of the
# suite smoke, it adds the control's runs to those that are there.
from mmengine.config import read_base

with read_base():
    from .smoke import cases as _smoke
    from .smoke import seeds  # noqa: F401 (read by the suite)

_controls = (dict(mapping="shrunk"), dict(similarity="shrunk"))
cases = [
    dict(case, arms=dict(shrunk=dict(similarity=dict(type="dam", **control))))
    for case, control in zip(_smoke, _controls, strict=True)
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
)
