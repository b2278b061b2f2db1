# The project's own recipe for the typefaces: small enough for one core of a CPU.
transform = dict(type="glyph_affine")
backbone = dict(type="glyphnet", width=32)
dim = 128
sampler = dict(classes=25, samples=4)
optimiser = dict(type="AdamW", lr=3e-3, weight_decay=1e-4)
proxy_rate = 10.0
schedule = dict(warmup=0.5)
epochs = 5
threads = 1
