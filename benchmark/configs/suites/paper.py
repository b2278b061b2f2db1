# The paper's comparison: its four data sets under their communities' recipes, losses of its proxy
# and pair families, with DAM, without it, with its hardness alone, and with random elements erased.
# Every data set is optional; --only cub200 takes one. CUB-200-2011 and Cars196 are trained with
# BN-Inception, as most published values are, where its file of weights is there.
_DAM = dict(type="dam")
_SHRUNK_PROXIES = dict(mapping="shrunk")
_SHRUNK_PAIRS = dict(similarity="shrunk")
_proxies = dict(
    objectives=dict(
        norm_softmax=dict(type="norm_softmax"),
        proxy_anchor=dict(type="proxy_anchor"),
    ),
    arms=dict(shrunk=dict(similarity=dict(_DAM, **_SHRUNK_PROXIES))),
)
_pairs = dict(
    objectives=dict(
        multi_similarity=dict(type="multi_similarity"),
        triplet=dict(type="triplet"),
    ),
    arms=dict(shrunk=dict(similarity=dict(_DAM, **_SHRUNK_PAIRS))),
)
_softmax, _triplet = dict(type="softmax", smoothing=0.1), dict(type="triplet")
_reid = [
    dict(
        objectives=dict(softmax=_softmax),
        arms=dict(shrunk=dict(similarity=dict(_DAM, **_SHRUNK_PROXIES))),
    ),
    dict(
        objectives=dict(triplet=_triplet),
        arms=dict(shrunk=dict(similarity=dict(_DAM, **_SHRUNK_PAIRS))),
    ),
    # The recipe's own objective.
    dict(
        objectives=dict(joint=dict(type="joint", proxy=_softmax, pair=_triplet)),
        arms=dict(
            shrunk=dict(similarity=dict(_DAM, proxy=_SHRUNK_PROXIES, pair=_SHRUNK_PAIRS)),
        ),
    ),
]
cases = [
    dict(
        part,
        dataset=dataset,
        recipe=recipe,
        without_weights=without_weights,
        fit_batches=True,
        optional=True,
    )
    for part, dataset, recipe, without_weights in (
        (_proxies, "cub200", "proxy_anchor_bn_inception", "proxy_anchor"),
        (_pairs, "cub200", "multi_similarity_bn_inception", "multi_similarity"),
        (_proxies, "cars196", "proxy_anchor_bn_inception_cars196", "proxy_anchor_cars196"),
        (_pairs, "cars196", "multi_similarity_bn_inception", "multi_similarity"),
    )
] + [
    dict(
        part,
        dataset=dataset,
        recipe="reid_strong_baseline",
        fit_batches=True,
        optional=True,
    )
    for dataset in ("market1501", "msmt17")
    for part in _reid
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=_DAM),
    random=dict(similarity=dict(_DAM, rule="random")),
)
seeds = [0, 1, 2, 3, 4]
