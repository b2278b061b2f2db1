"""Time and memory of a loss step with DAM, beside its baseline's."""
