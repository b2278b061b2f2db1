"""Agreement of every objective and mapping with its oracles."""
