# What else could stand in DAM's place: elements erased at the same rate without regard to classes,
# the opposite choice, and three other ways to regularise or attend; and DAM together with each.
_rivals = dict(
    dropout=dict(type="dropout", p=0.2),
    drop_block=dict(type="drop_block"),
    random_erasing=dict(type="random_erasing"),
    cbam=dict(type="cbam"),
)
_dam = dict(type="dam")

cases = [
    dict(
        dataset="typefaces",
        recipe="glyphs",
        objectives=dict(norm_softmax=dict(type="norm_softmax")),
    ),
    dict(
        dataset="typefaces",
        recipe="glyph_pairs",
        objectives=dict(multi_similarity=dict(type="multi_similarity")),
    ),
]
arms = {
    "baseline": dict(),
    "dam": dict(similarity=_dam),
    "random": dict(similarity=dict(type="dam", rule="random")),
    "inverse": dict(similarity=dict(type="dam", rule="inverse")),
    **{name: dict(rivals=[rival]) for name, rival in _rivals.items()},
    **{f"dam+{name}": dict(similarity=_dam, rivals=[rival]) for name, rival in _rivals.items()},
}
seeds = [0, 1, 2]
