"""How near training comes to its limit, the arithmetic of the model alone."""
