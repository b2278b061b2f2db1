"""Time and memory of the metrics, beside those of other packages."""
