"""Where runs are made: on this machine, by SLURM, or by Ray.

An engine is given runs whose `config.json` lies in the store, and says what becomes of them. What
it sends to a worker are strings and numbers, never objects: the worker reads the run from the store
and writes it there, under a claim. So an engine's own state may be lost, and every engine makes the
same runs.
"""
