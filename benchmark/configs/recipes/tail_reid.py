# As the recipe tail, with the images of re-identification.
_base_ = "tail.py"
transform = dict(_delete_=True, type="reid", height=128, width=64, pad=5, flip=0.5, erasing=0.5)
