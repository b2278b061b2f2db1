"""Epochs: metrics between them, and which epoch's values a reader is shown."""
