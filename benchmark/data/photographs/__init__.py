"""Photographs in files: listed, split into halves, decoded, augmented."""
