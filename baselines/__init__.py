"""What DAM is compared with. Readable alone; `proxy` and `pair` import only torch.

An objective is a function of similarities: `objective(S, positive)`, with S [B, N] the similarity
of each sample to N references and `positive` [B, N] true where the reference has the sample's
class. It knows nothing of how the similarities were computed. `objective` has the base classes,
which say what an objective may expect and offer; hyper-parameters have the defaults of the source
that each docstring names.
"""
