"""The tests of stores share the runs of the suite's."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
