"""Archives to download and unpack, and what lies in a folder."""

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np

from benchmark.data.official.source import Archive

CONTENT = np.random.default_rng(0).bytes(700_000)
OTHER = np.random.default_rng(1).bytes(700_000)


def archive_of(content: bytes, address: str) -> Archive:
    """An archive of that content at an address."""
    md5 = hashlib.md5(content).hexdigest()
    return Archive("CUB_200_2011.tgz", address, len(content), md5, "CUB_200_2011")


def packed(*members: tuple[str, bytes | None]) -> bytes:
    """A tgz of (name, content); a content of None makes a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type = tarfile.DIRTYPE
                info.mode = 0o755
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content or b""))
    return stream.getvalue()


def names(folder: Path) -> list[str]:
    """What lies in a folder, by name."""
    return sorted(path.name for path in folder.iterdir())
