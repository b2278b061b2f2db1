# Market-1501 under the strong baseline of re-identification: its joint objective, with DAM in both
# parts, without it, and with random elements erased instead.
cases = [
    dict(
        dataset="market1501",
        recipe="reid_strong_baseline",
        objectives=dict(
            joint=dict(
                type="joint",
                proxy=dict(type="softmax", smoothing=0.1),
                pair=dict(type="triplet"),
            ),
        ),
    ),
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
    random=dict(similarity=dict(type="dam", rule="random")),
)
seeds = [0, 1, 2]
