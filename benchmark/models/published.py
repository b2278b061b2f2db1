"""Published weights, in the folder where torch hub keeps such files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmark.errors import UserError
from benchmark.paths import is_file


@dataclass(frozen=True)
class Published:
    """A file at `url`, whose name ends with the first digits of its SHA-256."""

    url: str

    @property
    def file(self) -> Path:
        """Where torch hub keeps it, or would keep it."""
        return Path(torch.hub.get_dir()) / "checkpoints" / self.url.rpartition("/")[2]

    @property
    def digits(self) -> str:
        """The first digits of its SHA-256, in hexadecimal."""
        return self.file.stem.rpartition("-")[2]

    @property
    def remedy(self) -> str:
        """How to get it, in one sentence."""
        return (
            f"Download {self.url} and put it at {self.file}, or give its path, "
            "backbone.weights=PATH."
        )

    def is_there(self) -> bool:
        """Whether torch hub has a file of its name. Raises UserError if that can't be read."""
        try:
            return is_file(self.file)
        except UserError as error:
            raise UserError(
                f"{error} Or name another folder in the environment variable TORCH_HOME."
            ) from error

    def checked(self) -> Path:
        """Torch hub's file. Raises UserError if it isn't the published one."""
        try:
            with self.file.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise UserError(
                f"backbone.weights: {self.file} can't be read ({error.strerror}). Mend its "
                "permissions, or give another path, backbone.weights=PATH."
            ) from error
        if not found.startswith(self.digits):
            raise UserError(
                f"backbone.weights: {self.file} is not the file that was published: its SHA-256 "
                f"begins with {found[: len(self.digits)]}, not {self.digits}. Move it away. "
                f"{self.remedy}"
            )
        return self.file
