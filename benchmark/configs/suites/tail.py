# Photographs on a CPU: the last stages of a network and an embedding, on maps that its first stages
# made once; four objectives with DAM, without it, with its hardness alone, and with random elements
# erased. Each data set is optional; a part of one will do with --allow-partial.
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
        ("cub200", "tail"),
        ("cars196", "tail"),
        ("market1501", "tail_reid"),
    )
    for part in (_proxies, _pairs)
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
    random=dict(similarity=dict(type="dam", rule="random")),
)
seeds = [0, 1, 2]
