# As the recipe frozen, with the images and the batches of re-identification.
transform = dict(type="reid", height=256, width=128, pad=10, flip=0.5, erasing=0.0)
backbone = dict(type="frozen", network=dict(type="pretrained"), views=4)
dim = 512
sampler = dict(classes=16, samples=4)
optimiser = dict(type="AdamW", lr=1e-3, weight_decay=1e-4)
proxy_rate = 10.0
epochs = 15
threads = 1
