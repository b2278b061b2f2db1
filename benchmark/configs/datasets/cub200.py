# CUB-200-2011 as released, 100 classes to train on and the other 100 to test on.
dataset = dict(type="cub200")
