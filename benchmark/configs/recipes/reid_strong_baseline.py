# Luo et al., Bag of Tricks and a Strong Baseline for Deep Person Re-identification, CVPR Workshops
# 2019, sections 2 and 3, without the centre loss, with what the code published with it sets in
# configs/softmax_triplet.yml: 256 x 128 pixels, random erasing, last stride 1, a batch-norm neck,
# batches of 4 images of each of 16 identities, Adam at 3.5e-4 after a warm-up of 10 epochs,
# 120 epochs, a tenth of the rate from epoch 40 and again from 70. Its objective is softmax with
# smoothed labels behind the neck plus batch-hard triplets before it: `joint` in the suites.
# It differs in this: erased rectangles take ImageNet's mean colour, there the figures of the mean
# are put into images that are normalised already; the warm-up rises with each step, there with
# each epoch; the classifier's weights, here proxies, start from a normal distribution with standard
# deviation sqrt(2 / classes), there 0.001.
transform = dict(type="reid", height=256, width=128, pad=10, flip=0.5, erasing=0.5)
backbone = dict(type="pretrained", last_stride=1)
dim = None
pooling = "avg"
neck = "bn"
sampler = dict(classes=16, samples=4)
optimiser = dict(type="Adam", lr=3.5e-4, weight_decay=5e-4)
proxy_rate = 1.0
schedule = dict(warmup=10, decay="step", milestones=[40, 70], gamma=0.1)
epochs = 120
threads = 1
