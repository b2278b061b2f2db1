"""Names of files from names of data sets and figures."""

import re
from itertools import chain, count

_LONGEST = 100


def unique(name: str, taken: set[str]) -> str:
    """`name` in letters and digits that any file system takes, as no other one in `taken`.

    What is given is put into `taken`, in lower case.
    """
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", name)[:_LONGEST].strip("-.") or "data"
    numbered = (f"{plain}-{number}" for number in count(2))
    found = next(one for one in chain([plain], numbered) if one.lower() not in taken)
    taken.add(found.lower())
    return found
