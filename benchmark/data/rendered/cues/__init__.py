"""Data set `cues`: drawn beetles whose classes differ in ten cues that are known."""
