"""Axes of an ablation, and the mappings that leak the label."""
