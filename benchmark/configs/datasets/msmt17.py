# MSMT17 as released; version="V2" for the one with blurred faces.
dataset = dict(type="msmt17", version="V1", train_on="train+val")
