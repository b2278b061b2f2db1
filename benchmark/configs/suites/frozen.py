# Photographs on a laptop: a linear embedding on the features of a network that isn't trained, four
# objectives with DAM, without it, with its hardness alone, and with random elements erased. Each
# data set is optional; a part of one will do with --allow-partial.
_proxies = dict(
    objectives=dict(
        norm_softmax=dict(type="norm_softmax"),
        proxy_anchor=dict(type="proxy_anchor"),
    ),
    arms=dict(shrunk=dict(similarity=dict(type="dam", mapping="shrunk"))),
    optional=True,
)
_pairs = dict(
    objectives=dict(
        multi_similarity=dict(type="multi_similarity"),
        triplet=dict(type="triplet"),
    ),
    arms=dict(shrunk=dict(similarity=dict(type="dam", similarity="shrunk"))),
    optional=True,
)
cases = [
    dict(part, dataset=dataset, recipe=recipe)
    for dataset, recipe in (
        ("cub200", "frozen"),
        ("cars196", "frozen"),
        ("market1501", "frozen_reid"),
    )
    for part in (_proxies, _pairs)
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
    random=dict(similarity=dict(type="dam", rule="random")),
)
seeds = [0, 1, 2, 3, 4]
# What `tune` searches; the baseline has no share of kept elements.
_keep = {"similarity.keep": dict(low=0.5, high=0.95)}
tune = dict(
    norm_softmax={"objective.scale": dict(low=5, high=80, log=True)} | _keep,
    proxy_anchor={
        "objective.scale": dict(low=8, high=128, log=True),
        "objective.margin": dict(low=0, high=0.4),
    }
    | _keep,
    multi_similarity={
        "objective.alpha": dict(low=0.5, high=8, log=True),
        "objective.beta": dict(low=10, high=160, log=True),
        "objective.base": dict(low=0.1, high=0.9),
    }
    | _keep,
    triplet={"objective.margin": dict(low=0.05, high=1, log=True)} | _keep,
)
