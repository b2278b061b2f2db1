"""Where a data set's official release comes from, and on what terms."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """A file that anybody may download, of `size` bytes; `md5` is in hexadecimal.

    It unpacks to the folder `folder`.
    """

    name: str
    address: str
    size: int
    md5: str
    folder: str


@dataclass(frozen=True)
class Source:
    """The official page and what it offers.

    `files` names what to get there, and `terms` sums up the licence in one sentence. `steps` lead
    from the page to a folder that can be checked; {root} in them stands for the data root.
    `archive` is the file that can be downloaded without asking, if there is one.
    """

    page: str
    address: str
    files: str
    terms: str
    steps: tuple[str, ...]
    archive: Archive | None = None

    def __str__(self) -> str:
        return f"Get {self.files} from the page '{self.page}' ({self.address}). {self.terms}"
