"""Where a data set's official release comes from, and on what terms."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """A file that anybody may download: `size` in bytes, `md5` in hexadecimal digits.

    Unpacked, it holds a folder `folder`.
    """

    name: str
    address: str
    size: int
    md5: str
    folder: str


@dataclass(frozen=True)
class Source:
    """The official page and what it offers.

    `files` says in words what to get there, and `terms` is one sentence on what the licence asks.
    `steps` lead from the page to a folder that can be checked; {root} in them is the data root.
    `archive` is what can be downloaded without asking, if anything.
    """

    page: str
    address: str
    files: str
    terms: str
    steps: tuple[str, ...]
    archive: Archive | None = None

    def __str__(self) -> str:
        return f"Get {self.files} from the page '{self.page}' ({self.address}). {self.terms}"
