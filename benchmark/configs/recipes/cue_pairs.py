# The recipe cues for pair objectives, in batches with more images of a class.
_base_ = "cues.py"
sampler = dict(classes=10, samples=5)
optimiser = dict(lr=3e-3)
