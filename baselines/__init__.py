"""What DAM is compared with. Readable alone; `proxy` and `pair` import only torch.

An objective is a function of similarities: `objective(S, positive)`, with S [B, N] the similarity
of each sample to N references and `positive` [B, N] true where the reference has the sample's
class. It knows nothing of how the similarities were made. Three attributes say what it expects:

- `metric`: "cosine" similarities, or "euclidean" ones, which are minus a distance;
- `normalise`: whether features are brought to unit length first;
- hyper-parameters, with the defaults of the source that its docstring names.
"""
