# The recipe multi_similarity as its authors' configs/example.yaml sets it for BN-Inception, whose
# map their code pools by its maximum.
_base_ = "multi_similarity.py"
backbone = dict(_delete_=True, type="bn_inception", freeze_batch_norm=True)
pooling = "max"
