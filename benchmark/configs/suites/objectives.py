# Every objective with and without DAM. All have their defaults, which are their papers' values
# where these give some; none was tuned to the typefaces, so that their levels don't rank them.
cases = [
    dict(
        dataset="typefaces",
        recipe="glyphs",
        objectives=dict(
            softmax=dict(type="softmax"),
            norm_softmax=dict(type="norm_softmax"),
            cos_face=dict(type="cos_face"),
            arc_face=dict(type="arc_face"),
            proxy_nca=dict(type="proxy_nca"),
            proxy_nca_plus=dict(type="proxy_nca_plus"),
            soft_triple=dict(type="soft_triple"),
            proxy_anchor=dict(type="proxy_anchor"),
        ),
    ),
    dict(
        dataset="typefaces",
        recipe="glyph_pairs",
        objectives=dict(
            contrastive=dict(type="contrastive"),
            triplet=dict(type="triplet"),
            triplet_batch_all=dict(type="triplet", mining="batch_all"),
            triplet_semi_hard=dict(type="triplet", mining="semi_hard"),
            triplet_distance_weighted=dict(
                type="triplet", mining="distance_weighted", normalise=True
            ),
            lifted_structure=dict(type="lifted_structure"),
            npair=dict(type="npair"),
            margin=dict(type="margin"),
            multi_similarity=dict(type="multi_similarity"),
            circle=dict(type="circle"),
        ),
    ),
    # As re-identification trains: softmax behind a batch-norm neck, triplets before it.
    dict(
        dataset="typefaces",
        recipe="glyph_pairs",
        objectives=dict(
            joint=dict(
                type="joint",
                proxy=dict(type="softmax", smoothing=0.1),
                pair=dict(type="triplet"),
            )
        ),
        changes=dict(neck="bn"),
    ),
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
)
seeds = [0, 1, 2]
