# The default: four objectives, with DAM, without it, and with random elements erased instead.
cases = [
    dict(
        dataset="typefaces",
        recipe="glyphs",
        objectives=dict(
            norm_softmax=dict(type="norm_softmax"),
            proxy_anchor=dict(type="proxy_anchor"),
        ),
    ),
    dict(
        dataset="typefaces",
        recipe="glyph_pairs",
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
