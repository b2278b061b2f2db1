"""The mappings of DAM, made fast: in torch by blocks, by numba on a CPU, by Triton on a GPU."""
