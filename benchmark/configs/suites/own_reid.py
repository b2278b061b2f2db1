# Your own images for re-identification, laid out and named as Market-1501: dataset.path=PATH, and
# dataset.name=NAME for the tables. The strong baseline's joint objective; batches take fewer
# identities where there are fewer.
cases = [
    dict(
        dataset="reid_folder",
        recipe="reid_strong_baseline",
        objectives=dict(
            joint=dict(
                type="joint",
                proxy=dict(type="softmax", smoothing=0.1),
                pair=dict(type="triplet"),
            ),
        ),
        fit_batches=True,
    ),
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
    random=dict(similarity=dict(type="dam", rule="random")),
)
seeds = [0, 1, 2]
