# The same styles as identities, seen by six rendered cameras.
dataset = dict(type="typefaces_reid")
