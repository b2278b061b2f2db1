# Your own images as <path>/<class>/<image>; a relative path is below the data root.
dataset = dict(type="image_folder", path="image_folder", test_share=0.5)
