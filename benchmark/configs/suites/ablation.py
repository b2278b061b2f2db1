# What the paper leaves open, one setting at a time around the default. An arm "axis=value" is the
# arm `dam` with that one option exchanged. Cases with `changes` move the baseline along with DAM.
from typing import Any

_both: dict[str, list[Any]] = dict(
    rule=["mean", "random", "inverse", "all"],
    keep=[0.2, 0.4, 0.6, 0.9, 1.0],
    start=[0.25, 0.5],
    rescale=[False],
)
_proxies: dict[str, list[Any]] = dict(
    **_both,
    joint=[0.5, 1.0, 2.0],
    difference=["class_means"],
    own=[False],
    mapping=["margin_cosine", "naive_feature", "naive_both", "naive_cosine", "naive_feature_proxy"],
)
_pairs: dict[str, list[Any]] = dict(
    **_both,
    joint=[0.0, 0.5, 2.0],
    select=["negatives", "positives"],
    similarity=["masked_cosine"],
)

_PAIRS = ("multi_similarity", "triplet")


def _arms(axes: dict[str, list[Any]]) -> dict[str, Any]:
    return {
        f"{axis}={value}": dict(similarity={"type": "dam", axis: value})
        for axis, values in axes.items()
        for value in values
    }


def _swept(
    case: dict[str, Any], objective: str, key: str, values: list[float]
) -> list[dict[str, Any]]:
    """A setting of the objective, the default among its values, beside an arm as hard as DAM."""
    shrunk = {"similarity" if objective in _PAIRS else "mapping": "shrunk"}
    arms = dict(shrunk=dict(similarity=dict(type="dam", **shrunk)))
    swept = dict(case, objectives=_objectives(objective), arms=arms)
    return [dict(swept, changes=dict(objective={key: value})) for value in values]


def _objectives(*names: str) -> dict[str, Any]:
    return {name: dict(type=name) for name in names}


def _retrieval(
    dataset: str, proxy_recipe: str, pair_recipe: str, dims: list[int], **options: Any
) -> list[dict[str, Any]]:
    """Every axis on one data set. `options` are those of a case."""
    proxies = dict(
        dataset=dataset,
        recipe=proxy_recipe,
        objectives=_objectives("norm_softmax", "proxy_anchor"),
        **options,
    )
    pairs = dict(
        dataset=dataset,
        recipe=pair_recipe,
        objectives=_objectives("multi_similarity"),
        **options,
    )
    # Multi-Similarity's constants are made for cosines; triplets are on distances and have both.
    triplet = dict(pairs, objectives=_objectives("triplet"))
    return [
        dict(proxies, arms=_arms(_proxies)),
        dict(pairs, arms=_arms(_pairs)),
        *(dict(case, changes=dict(dim=dim)) for case in (proxies, pairs) for dim in dims),
        dict(proxies, changes=dict(objective=dict(normalise=False))),
        triplet,
        dict(triplet, changes=dict(objective=dict(normalise=True))),
        *_swept(proxies, "norm_softmax", "scale", [5.0, 10.0, 20.0, 40.0, 80.0]),
        *_swept(proxies, "proxy_anchor", "scale", [8.0, 16.0, 32.0, 64.0, 128.0]),
        *_swept(pairs, "multi_similarity", "beta", [10.0, 20.0, 40.0, 80.0, 160.0]),
        *_swept(pairs, "triplet", "margin", [0.1, 0.3, 0.6]),
    ]


def _reidentification(dataset: str) -> list[dict[str, Any]]:
    """Every axis that softmax, which is on inner products, and triplets, on distances, have."""
    both = dict(dataset=dataset, recipe="reid_strong_baseline", optional=True)
    softmax = dict(both, objectives=dict(softmax=dict(type="softmax", smoothing=0.1)))
    triplet = dict(both, objectives=_objectives("triplet"))
    return [
        dict(softmax, arms=_arms(dict(_proxies, mapping=[]))),
        dict(triplet, arms=_arms(dict(_pairs, similarity=[]))),
        *(dict(case, changes=dict(dim=512)) for case in (softmax, triplet)),
        dict(triplet, changes=dict(objective=dict(normalise=True))),
    ]


cases = [
    *_retrieval("typefaces", "glyphs", "glyph_pairs", [32, 64, 256]),
    *_retrieval("cub200", "proxy_anchor", "multi_similarity", [64, 128, 1024], optional=True),
    *_retrieval(
        "cars196", "proxy_anchor_cars196", "multi_similarity", [64, 128, 1024], optional=True
    ),
    *_reidentification("market1501"),
    *_reidentification("msmt17"),
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
)
seeds = [0, 1, 2]
