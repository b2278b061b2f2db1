"""The official releases: found below the data root, counted, loaded."""
