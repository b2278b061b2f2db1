"""The search for the settings of every arm, on validation folds of the training classes."""
