# The project's own recipe for the drawn beetles: two epochs, since 120 runs are to take minutes.
transform = dict(type="as_drawn")
backbone = dict(type="cuenet", width=16)
pooling = "avg+max"
dim = 64
sampler = dict(classes=25, samples=2)
optimiser = dict(type="AdamW", lr=5e-3, weight_decay=1e-4)
proxy_rate = 10.0
schedule = dict(warmup=0.3)
epochs = 2
threads = 1
