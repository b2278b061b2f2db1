"""A folder of links to torch and what torch itself needs: site-packages with nothing else in it."""

import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement


def needed_by(name: str) -> dict[str, Distribution]:
    """The distribution `name` and, by name, all that it requires on this machine."""
    found: dict[str, Distribution] = {}
    seen = set()
    waiting = [Requirement(name)]
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in seen:
            continue
        seen.add(str(wanted))
        try:
            installed = distribution(wanted.name)
        except PackageNotFoundError:
            continue
        found[wanted.name] = installed
        for requirement in map(Requirement, installed.requires or []):
            marker, extras = requirement.marker, {"", *wanted.extras}
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(requirement)
    return found


def link_torch(folder: Path) -> None:
    """Link torch's packages and those of its requirements into `folder`."""
    for found in needed_by("torch").values():
        for top in {file.parts[0] for file in found.files or []} - {"..", "__pycache__"}:
            source = Path(str(found.locate_file(top)))
            if source.exists() and not (folder / top).exists():
                (folder / top).symlink_to(source)


def run_with(folders: list[Path], code: str, cwd: Path) -> str:
    """What `code` prints in a Python that sees the standard library and these folders alone."""
    paths = [str(folder) for folder in folders]
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys\nsys.path += {paths}\n{code}"],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout
