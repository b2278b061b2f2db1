# As the recipe tail, with the images of re-identification.
transform = dict(type="reid", height=128, width=64, pad=5, flip=0.5, erasing=0.5)
backbone = dict(type="tail", network=dict(type="pretrained", freeze_batch_norm=True), views=4)
dim = 512
pooling = "avg+max"
sampler = dict(classes=16, samples=4)
optimiser = dict(type="AdamW", lr=1e-4, weight_decay=1e-4)
proxy_rate = 100.0
epochs = 10
threads = 1
