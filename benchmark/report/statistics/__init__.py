"""Statistics of paired runs: intervals, permutation tests, power, families, test classes."""
