# The recipe proxy_anchor as its authors' README sets it for BN-Inception on CUB-200-2011: batches
# of 180, the rate halved every 10 epochs, and only in the first one the backbone rests.
_base_ = "proxy_anchor.py"
backbone = dict(_delete_=True, type="bn_inception", freeze_batch_norm=True)
sampler = dict(classes=45)
schedule = dict(frozen=1, milestones=[10, 20, 30, 40, 50])
