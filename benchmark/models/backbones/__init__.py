"""The networks that make feature maps of images, and what chooses among them."""
