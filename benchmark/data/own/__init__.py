"""A user's own images, in folders."""
