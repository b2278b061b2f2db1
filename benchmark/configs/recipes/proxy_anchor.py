# Kim et al., Proxy Anchor Loss for Deep Metric Learning, CVPR 2020, section 4.1, with what the
# code published with it sets for ResNet-50 on CUB-200-2011 (README and train.py): 512 elements of
# the sum of both poolings, batches of 120, AdamW at 1e-4 with a hundredfold rate for proxies,
# 60 epochs, the rate halved every 5; in the first 5 the backbone rests.
# It differs in this: a batch holds 4 images of each of 30 classes, so that pair objectives see the
# same ones, and there it is drawn from all images; the embedding layer starts as torch's linear
# layers do, there from a normal distribution of variance 2 / 512 with a bias of 0
# (kaiming_normal_, fan_out); gradients aren't clipped, there each at 10; metrics are the last
# epoch's, there the best one's.
transform = dict(type="retrieval_crop")
backbone = dict(type="pretrained", freeze_batch_norm=True)
dim = 512
pooling = "avg+max"
sampler = dict(classes=30, samples=4)
optimiser = dict(type="AdamW", lr=1e-4, weight_decay=1e-4)
proxy_rate = 100.0
schedule = dict(
    frozen=5, decay="step", milestones=[5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55], gamma=0.5
)
epochs = 60
threads = 1
