# The recipe proxy_anchor_bn_inception as its authors' README sets it for Cars196: the rate is
# halved every 20 epochs.
_base_ = "proxy_anchor_bn_inception.py"
schedule = dict(milestones=[20, 40])
