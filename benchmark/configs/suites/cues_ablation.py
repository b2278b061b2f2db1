# Does what the suite cues shows hang on one choice? Image size, sufficiency, width of the network.
cases = [
    dict(
        dataset="cues",
        recipe="cues",
        objectives=dict(norm_softmax=dict(type="norm_softmax")),
        changes=dict(
            dataset=dict(size=size, sufficiency=share),
            backbone=dict(type="cuenet", width=width),
        ),
    )
    for size in (32, 48)
    for width in (16, 32)
    for share in (1.0, 0.3)
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
)
seeds = [0, 1, 2]
