"""Which runs there are, where they run, and what came out of them."""
