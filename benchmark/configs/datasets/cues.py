# 100 + 100 classes of beetles that differ in ten known cues, 32 x 32 pixels. Drawn by code.
dataset = dict(type="cues")
