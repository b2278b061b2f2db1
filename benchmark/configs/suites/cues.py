# Which cues does an embedding hold? Four objectives in five arms, on drawn beetles whose most
# salient cue tells all training classes apart (sufficiency 1.0, the default) or few (0.3). Three
# seeds take minutes; --seeds 0,1,2,3,4 makes five.
_proxies = dict(
    dataset="cues",
    recipe="cues",
    objectives=dict(
        norm_softmax=dict(type="norm_softmax"),
        proxy_anchor=dict(type="proxy_anchor"),
    ),
)
_pairs = dict(
    dataset="cues",
    recipe="cue_pairs",
    objectives=dict(
        multi_similarity=dict(type="multi_similarity"),
        triplet=dict(type="triplet"),
    ),
)
cases = [
    *(
        dict(case, changes=dict(dataset=dict(sufficiency=share)))
        for share in (1.0, 0.3)
        for case in (_proxies, _pairs)
    ),
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
    random=dict(similarity=dict(type="dam", rule="random")),
    inverse=dict(similarity=dict(type="dam", rule="inverse")),
    dropout=dict(rivals=[dict(type="dropout", p=0.2)]),
)
seeds = [0, 1, 2]
