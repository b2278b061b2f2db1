# Wang et al., Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning, CVPR
# 2019, with what the code published with it sets for ResNet-50 on CUB-200-2011
# (configs/example_resnet50.yaml and defaults.py): 512 elements, batches of 5 images of each of
# 16 classes, crops from .16 of the image, Adam at 3e-5, and 3,000 steps with a tenth of the rate
# from step 1,200 and again from 2,400. On CUB-200-2011's 5,864 images an epoch has 73 steps. For
# other data sets that code has no configuration.
# It differs in this: crops have 224 pixels, there 227, so that they are those of the recipe
# proxy_anchor; there, training images are resized before the random crop too; the embedding layer
# starts as torch's linear layers do, there from a normal distribution of variance 2 / 512 with a
# bias of 0 (kaiming_normal_, fan_out); metrics are the last epoch's, there the best one's.
transform = dict(type="retrieval_crop", scale=(0.16, 1.0))
backbone = dict(type="pretrained", freeze_batch_norm=True)
dim = 512
pooling = "avg"
sampler = dict(classes=16, samples=5)
optimiser = dict(type="Adam", lr=3e-5, weight_decay=5e-4)
proxy_rate = 1.0
schedule = dict(decay="step", milestones=[1200 / 73, 2400 / 73], gamma=0.1)
epochs = 41
threads = 1
