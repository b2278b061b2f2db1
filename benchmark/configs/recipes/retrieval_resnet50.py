# ResNet-50 to 512 elements on 224 px crops, batches of 180, AdamW at 1e-4 with a hundredfold rate
# for proxies: the setting of Kim et al., Proxy Anchor Loss, CVPR 2020, section 4.1. Here a batch
# holds 4 images of each of 45 classes, so that pair objectives see the same ones, and the rate
# falls by a cosine.
transform = dict(type="retrieval_crop")
backbone = dict(type="resnet50", weights="imagenet", freeze_batch_norm=True)
dim = 512
sampler = dict(classes=45, samples=4)
optimiser = dict(type="AdamW", lr=1e-4, weight_decay=1e-4)
proxy_rate = 100.0
schedule = dict(warmup=1)
epochs = 60
threads = 1
