# This project's own: the network rests, and a linear embedding is trained on the features that it
# makes of 4 views of each image. What it says is about heads on such features, not about networks
# that are trained; on a CPU a run takes seconds, once the features are made.
transform = dict(type="retrieval_crop", scale=(0.16, 1.0))
backbone = dict(type="frozen", network=dict(type="pretrained"), views=4)
dim = 512
sampler = dict(classes=25, samples=4)
optimiser = dict(type="AdamW", lr=1e-3, weight_decay=1e-4)
proxy_rate = 10.0
epochs = 15
threads = 1
