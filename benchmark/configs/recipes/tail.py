# This project's own: the first stages of the network rest, batch norms and all; the last stages and
# the embedding are trained on the maps that the first ones made of 4 views of each image. Images
# are small, so that a run takes a CPU minutes.
transform = dict(type="retrieval_crop", size=128, resize=146, scale=(0.16, 1.0))
backbone = dict(type="tail", network=dict(type="pretrained", freeze_batch_norm=True), views=4)
dim = 512
pooling = "avg+max"
sampler = dict(classes=16, samples=4)
optimiser = dict(type="AdamW", lr=1e-4, weight_decay=1e-4)
proxy_rate = 100.0
epochs = 10
threads = 1
