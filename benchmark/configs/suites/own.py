# Your own images, a folder for each class: dataset.path=PATH, and dataset.name=NAME for the tables.
# The suite paper's objectives on CUB-200-2011 under their recipes; batches take fewer classes where
# there are fewer.
cases = [
    dict(
        dataset="image_folder",
        recipe="proxy_anchor",
        objectives=dict(
            norm_softmax=dict(type="norm_softmax"),
            proxy_anchor=dict(type="proxy_anchor"),
        ),
        fit_batches=True,
    ),
    dict(
        dataset="image_folder",
        recipe="multi_similarity",
        objectives=dict(
            multi_similarity=dict(type="multi_similarity"),
            triplet=dict(type="triplet"),
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
