# The recipe proxy_anchor as its authors' README sets it for Cars196: the rate is halved every 10
# epochs.
_base_ = "proxy_anchor.py"
schedule = dict(milestones=[10, 20, 30, 40, 50])
