# The effect of DAM against the objective's own scale or margin: DAM, the arm that is as hard and
# singles out no element, and the baseline at each value, on the features of a network that isn't
# trained. Each data set is optional; a part of one will do with --allow-partial.
from typing import Any

_swept: dict[str, dict[str, list[float]]] = dict(
    norm_softmax=dict(scale=[5.0, 10.0, 20.0, 40.0, 80.0]),
    proxy_anchor=dict(scale=[8.0, 16.0, 32.0, 64.0, 128.0], margin=[0.0, 0.1, 0.2, 0.4]),
    multi_similarity=dict(alpha=[0.5, 1.0, 2.0, 4.0, 8.0], beta=[10.0, 20.0, 40.0, 80.0, 160.0]),
    triplet=dict(margin=[0.05, 0.1, 0.3, 0.6, 1.0]),
)
_PAIRS = ("multi_similarity", "triplet")


def _cases(dataset: str, recipe: str, objective: str) -> list[dict[str, Any]]:
    shrunk = {"similarity" if objective in _PAIRS else "mapping": "shrunk"}
    arms = dict(shrunk=dict(similarity=dict(type="dam", **shrunk)))
    case = dict(
        dataset=dataset,
        recipe=recipe,
        objectives={objective: dict(type=objective)},
        arms=arms,
        optional=True,
    )
    # The default has one arm more, which marks it in the report.
    random = dict(similarity=dict(type="dam", rule="random"))
    return [
        dict(case, arms=dict(arms, random=random)),
        *(
            dict(case, changes=dict(objective={key: value}))
            for key, values in _swept[objective].items()
            for value in values
        ),
    ]


cases = [
    case
    for dataset, recipe in (
        ("cub200", "frozen"),
        ("cars196", "frozen"),
        ("market1501", "frozen_reid"),
    )
    for objective in _swept
    for case in _cases(dataset, recipe, objective)
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
)
seeds = [0, 1, 2, 3, 4]
