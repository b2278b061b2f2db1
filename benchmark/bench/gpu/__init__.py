"""Whether a GPU computes what it should, repeats itself, and loses no time: `bench gpu`."""
