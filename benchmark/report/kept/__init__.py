"""Which elements are kept in training, and how good each one is."""
