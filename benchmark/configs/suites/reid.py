# The re-identification protocol on rendered identities: query, gallery, six cameras.
cases = [
    dict(
        dataset="typefaces_reid",
        recipe="glyphs",
        objectives=dict(norm_softmax=dict(type="norm_softmax")),
    ),
    dict(
        dataset="typefaces_reid",
        recipe="glyph_pairs",
        objectives=dict(triplet=dict(type="triplet")),
    ),
]
arms = dict(
    baseline=dict(),
    dam=dict(similarity=dict(type="dam")),
    random=dict(similarity=dict(type="dam", rule="random")),
)
seeds = [0, 1, 2]
