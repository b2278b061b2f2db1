"""run_all.sh sets up what is missing, once, and mends what an interruption left half-made.

A stand-in for Python writes down its calls and keeps a list of distributions, so that nothing is
installed.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = ["requirements.txt", "requirements-faiss-cpu.txt"]
PYTHON = r"""#!/bin/bash
prefix=$(cd "$(dirname "$0")/.." && pwd)
echo "$*" >>"$CALLS"
if [ -n "${STOP_AT:-}" ] && [[ "$*" == *"$STOP_AT"* ]]; then kill -9 $PPID; exit 1; fi
if [ -n "${FAIL_AT:-}" ] && [[ "$*" == *"$FAIL_AT"* ]]; then exit 1; fi
case "$*" in
*version_info*) [ ! -e "$prefix/old" ] ;;
*sys.prefix*) echo "$prefix" ;;
*importlib.metadata*) name=${2##*version(\'}; [ -e "$prefix/dists/${name%%\'*}" ] ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip uninstall "*) rm "$prefix/dists/${*: -1}" ;;
esac
"""


class Checkout:
    """A copy of what run_all.sh reads, with an active environment or none."""

    def __init__(self, folder: Path, active: bool) -> None:
        self.root, self.environment = folder / "checkout", folder / "environment"
        self.root.mkdir()
        for path in [ROOT / "run_all.sh", ROOT / "pyproject.toml", *ROOT.glob("requirements*.txt")]:
            shutil.copy(path, self.root)
        tools = self.environment / "bin"
        tools.mkdir(parents=True)
        for name in ("python", "python3"):
            (tools / name).write_text(PYTHON)
            (tools / name).chmod(0o755)
        self.calls = folder / "calls"
        self.variables = {"PATH": f"{tools}:/usr/bin:/bin", "CALLS": str(self.calls)}
        if active:
            self.variables["VIRTUAL_ENV"] = str(self.environment)

    def distributions(self, *names: str) -> None:
        """Pretend that these are installed."""
        (self.environment / "dists").mkdir(exist_ok=True)
        for name in names:
            (self.environment / "dists" / name).touch()

    def run(self, *arguments: str, status: int = 0, **variables: str) -> list[str]:
        """The modules that python was called with, as `module arguments`."""
        self.calls.write_text("")
        answer = subprocess.run(
            ["bash", str(self.root / "run_all.sh"), *arguments],
            env=self.variables | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == status, answer.stderr
        self.said = answer.stderr
        lines = self.calls.read_text().splitlines()
        quiet = " --quiet --disable-pip-version-check"
        return [line[3:].replace(quiet, "") for line in lines if line.startswith("-m ")]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path, active=True)


@pytest.fixture
def bare(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path, active=False)


INSTALL = f"pip install --no-deps {' '.join(f'-r {name}' for name in RUN)}"
EDITABLE = "pip install --no-deps --no-build-isolation --editable ."
SMOKE, CUES, PAPER = SUITES = [
    f"benchmark run --suite {suite} --out out/{suite} --if-found"
    for suite in ("smoke", "cues", "paper")
]


def test_it_installs_once_and_runs_the_default_suites(checkout: Checkout) -> None:
    assert checkout.run() == [INSTALL, EDITABLE, *SUITES]
    assert checkout.run("--seeds", "0", "epochs=2") == [
        f"{suite} --seeds 0 epochs=2" for suite in SUITES
    ]
    real = ("--data-root", "DIR", "--allow-partial", "--only", "cub200")
    assert checkout.run(*real) == [f"{suite} {' '.join(real)}" for suite in SUITES]
    assert checkout.run("data", "list") == ["benchmark data list"]
    assert checkout.run("store", "check") == ["benchmark store check"]


def test_a_suite_waits_until_the_one_before_went_well(checkout: Checkout) -> None:
    assert checkout.run(FAIL_AT="--suite smoke", status=1) == [INSTALL, EDITABLE, SMOKE]
    assert checkout.run(FAIL_AT="--suite cues", status=1) == [SMOKE, CUES]
    assert checkout.run() == SUITES


def test_tests_run_after_the_style_and_beside_the_types(checkout: Checkout) -> None:
    checkout.run()
    calls = checkout.run("test", "-x")
    further = " ".join(f"-r requirements-{name}.txt" for name in ("test", "slurm", "tune", "docs"))
    assert calls[0] == f"pip install --no-deps {further}"
    assert calls[1:3] == ["ruff check .", "ruff format --check ."]
    types, tests = sorted(calls[3:])
    assert types == "mypy"
    assert tests.startswith("pytest --numprocesses logical ") and tests.endswith(" -x")
    assert checkout.run() == SUITES


@pytest.mark.parametrize(("which", "status"), [("ruff", 1), ("mypy", 2), ("pytest", 1)])
def test_a_check_that_fails_shows(checkout: Checkout, which: str, status: int) -> None:
    calls = checkout.run("test", FAIL_AT=f"-m {which}", status=status)
    assert any(call.startswith("pytest") for call in calls) == (which != "ruff")
    assert ("types are wrong" in checkout.said) == (which == "mypy")


@pytest.mark.parametrize("name", [*RUN, "pyproject.toml"])
def test_only_what_changed_is_installed_again(checkout: Checkout, name: str) -> None:
    checkout.run()
    path = checkout.root / name
    before = path.read_text()
    changed = [
        EDITABLE if name == "pyproject.toml" else f"pip install --no-deps -r {name}",
        *SUITES,
    ]
    path.write_text(before + "# changed\n")
    assert checkout.run() == changed
    # Back at an earlier commit, what was installed for the later one does not count.
    path.write_text(before)
    assert checkout.run() == changed


def test_an_interrupted_installation_is_made_again_whole(checkout: Checkout) -> None:
    assert checkout.run(STOP_AT="requirements.txt", status=-9) == [INSTALL]
    forced = INSTALL.replace("install", "install --force-reinstall", 1)
    assert checkout.run() == [forced, EDITABLE, *SUITES]
    assert "was interrupted" in checkout.said
    assert len(checkout.run("test", STOP_AT="requirements-test.txt", status=-9)) == 1
    assert checkout.run() == SUITES
    assert "--force-reinstall" in checkout.run("test")[0]


def test_the_suite_itself_is_installed_after_an_interruption(checkout: Checkout) -> None:
    assert checkout.run(STOP_AT="--editable", status=-9) == [INSTALL, EDITABLE]
    assert checkout.run() == [EDITABLE, *SUITES]


def test_packages_that_cannot_be_installed_are_one_message(checkout: Checkout) -> None:
    assert checkout.run(FAIL_AT="requirements.txt", status=2) == [INSTALL]
    assert "run_all.sh: the packages could not be installed" in checkout.said
    assert SMOKE in checkout.run()


def test_the_other_build_of_faiss_is_replaced(checkout: Checkout) -> None:
    checkout.run()
    checkout.distributions("faiss-cpu")
    tool = checkout.environment / "bin" / "nvidia-smi"
    tool.write_text("#!/bin/bash\n")
    tool.chmod(0o755)
    install = "pip install --no-deps -r requirements-faiss-gpu.txt"
    assert checkout.run() == ["pip uninstall --yes faiss-cpu", install, *SUITES]
    assert "replacing faiss-cpu by faiss-gpu" in checkout.said
    # Without the GPU again; both are there, as an environment made by hand may have them.
    tool.unlink()
    checkout.distributions("faiss-cpu", "faiss-gpu")
    both = ["pip uninstall --yes faiss-cpu", "pip uninstall --yes faiss-gpu"]
    assert checkout.run() == [*both, "pip install --no-deps -r requirements-faiss-cpu.txt", *SUITES]


def test_opencv_with_a_display_is_replaced(checkout: Checkout) -> None:
    """environment.yml's mmengine brings it, and it owns the folder of the headless one."""
    checkout.distributions("opencv-python", "opencv-python-headless")
    assert checkout.run() == [
        "pip uninstall --yes opencv-python-headless",
        "pip uninstall --yes opencv-python",
        INSTALL,
        EDITABLE,
        *SUITES,
    ]


def test_without_an_environment_one_is_made(bare: Checkout) -> None:
    assert bare.run() == ["venv .venv", INSTALL, EDITABLE, *SUITES]
    assert bare.run() == SUITES
    assert not (bare.root / ".venv.unfinished").exists()


def test_a_half_made_environment_is_made_again(bare: Checkout) -> None:
    assert bare.run(STOP_AT="-m venv", status=-9) == ["venv .venv"]
    (bare.root / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(bare.environment / "bin" / "python", bare.root / ".venv" / "bin")
    assert bare.run() == ["venv .venv", INSTALL, EDITABLE, *SUITES]
    assert "the last attempt was interrupted" in bare.said


def test_environments_that_cannot_serve_are_refused(checkout: Checkout) -> None:
    (checkout.environment / "old").touch()
    assert checkout.run(status=2) == []
    assert "older than 3.11; activate another" in checkout.said
    (checkout.root / ".venv").mkdir()
    checkout.variables.pop("VIRTUAL_ENV")
    assert checkout.run(status=2) == []
    assert ".venv has no bin/python; remove the folder" in checkout.said
