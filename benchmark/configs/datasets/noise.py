# A random picture for each class, in noise: for checks of the machinery.
dataset = dict(type="noise")
