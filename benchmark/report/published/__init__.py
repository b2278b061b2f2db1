"""Published values, and what may stand beside them."""
