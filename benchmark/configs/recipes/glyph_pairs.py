# The recipe glyphs for pair objectives, in small batches: among 25 classes the hardest negative is
# so near from the start that batch-hard triplets pull all features into one point.
_base_ = "glyphs.py"
sampler = dict(classes=5, samples=3)
optimiser = dict(lr=1e-3)
