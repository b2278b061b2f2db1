# Cars196 as released, 98 classes to train on and the other 98 to test on.
dataset = dict(type="cars196")
