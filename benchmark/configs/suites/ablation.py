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


def _arms(axes: dict[str, list[Any]]) -> dict[str, Any]:
    return {
        f"{axis}={value}": dict(similarity={"type": "dam", axis: value})
        for axis, values in axes.items()
        for value in values
    }


def _objectives(*names: str) -> dict[str, Any]:
    return {name: dict(type=name) for name in names}


_glyphs = dict(
    dataset="typefaces",
    recipe="glyphs",
    objectives=_objectives("norm_softmax", "proxy_anchor"),
)
_glyph_pairs = dict(
    dataset="typefaces",
    recipe="glyph_pairs",
    objectives=_objectives("multi_similarity"),
)
_triplet = dict(_glyph_pairs, objectives=_objectives("triplet"))

cases = [
    dict(_glyphs, arms=_arms(_proxies)),
    dict(_glyph_pairs, arms=_arms(_pairs)),
    *(
        dict(case, changes=dict(dim=dim))
        for case in (_glyphs, _glyph_pairs)
        for dim in (32, 64, 256)
    ),
    # Multi-Similarity's constants are made for cosines; triplets are on distances and have both.
    dict(_glyphs, changes=dict(objective=dict(normalise=False))),
    _triplet,
    dict(_triplet, changes=dict(objective=dict(normalise=True))),
    *(
        dict(
            dataset=dataset,
            recipe=recipe,
            objectives=_objectives("proxy_anchor"),
            arms=_arms(_proxies),
            optional=True,
        )
        for dataset, recipe in (("cub200", "proxy_anchor"), ("cars196", "proxy_anchor_cars196"))
    ),
    # Softmax is on inner products, and all mappings but the default are on cosines.
    dict(
        dataset="market1501",
        recipe="reid_strong_baseline",
        objectives=dict(softmax=dict(type="softmax", smoothing=0.1)),
        arms=_arms(dict(_proxies, mapping=[])),
        optional=True,
    ),
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
)
seeds = [0, 1, 2]
