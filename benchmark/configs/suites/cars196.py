# Cars196, classes unseen in training: four objectives under their communities' recipes, with
# DAM, without it, and with random elements erased instead.
cases = [
    dict(
        dataset="cars196",
        recipe="proxy_anchor_cars196",
        objectives=dict(
            norm_softmax=dict(type="norm_softmax"),
            proxy_anchor=dict(type="proxy_anchor"),
        ),
    ),
    dict(
        dataset="cars196",
        recipe="multi_similarity",
        objectives=dict(
            multi_similarity=dict(type="multi_similarity"),
            triplet=dict(type="triplet"),
        ),
    ),
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
    random=dict(similarity=dict(type="dam", rule="random")),
)
seeds = [0, 1, 2]
