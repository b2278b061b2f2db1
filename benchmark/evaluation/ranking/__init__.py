"""From features to the rank of every positive: exact, in blocks, in bounded memory."""
