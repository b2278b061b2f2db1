# When is which cue learned? Longer than the suite cues, and measured after every epoch.
_changes = dict(epochs=8, evaluate_every=1)
cases = [
    dict(
        dataset="cues",
        recipe=recipe,
        objectives=objectives,
        changes=dict(_changes, dataset=dict(sufficiency=share)),
    )
    for share in (1.0, 0.3)
    for recipe, objectives in (
        ("cues", dict(norm_softmax=dict(type="norm_softmax"))),
        ("cue_pairs", dict(multi_similarity=dict(type="multi_similarity"))),
    )
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
)
seeds = [0, 1, 2]
