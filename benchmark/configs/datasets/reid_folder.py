# Your own images with names as in Market-1501; a relative path is below the data root.
dataset = dict(type="reid_folder", path="reid_folder")
