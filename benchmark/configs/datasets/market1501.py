# Market-1501 as released, 751 identities to train on and 750 to test on.
dataset = dict(type="market1501")
