#!/usr/bin/env bash
# Set up what is missing, then run.
#
#   bash run_all.sh                    the default suite: train, collect, report
#   bash run_all.sh --seeds 0 epochs=2 the same with options and overrides of 'run'
#   bash run_all.sh plan|run|data|report|bench ...   any command of python -m benchmark
#   bash run_all.sh test [...]         the checks and tests; further arguments go to pytest
#
# An active environment (venv or conda, other than conda's base) is used as it is found; otherwise
# .venv is made here. uv installs where there is one, else pip.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() { echo "run_all.sh: $*" >&2; exit 2; }
recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

environment() {
    if [ -n "${VIRTUAL_ENV:-}" ] || { [ -n "${CONDA_PREFIX:-}" ] && [ "${CONDA_DEFAULT_ENV:-}" != base ]; }; then
        python=$(command -v python) || fail "the active environment has no python"
        recent "$python" || fail "the active environment's python is older than 3.11; activate another"
        return
    fi
    python=$PWD/.venv/bin/python
    if [ -x "$python" ]; then return; fi
    local base=
    for name in python3 python3.13 python3.12 python3.11; do
        if recent "$name"; then base=$(command -v "$name"); break; fi
    done
    [ -n "$base" ] || fail "Python 3.11 or later is needed; install it, or activate an environment that has it"
    echo "making .venv with $base" >&2
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$base" .venv
    else
        "$base" -m venv .venv || { rm -rf .venv; fail "python3 -m venv failed; on Debian and Ubuntu: apt install python3-venv"; }
    fi
}

# Install the given requirement files once; a change in any of them installs again.
install() {
    local stamp files=() file
    stamp=$("$python" -c 'import sys; print(sys.prefix)')/.dam-benchmark-$(cat pyproject.toml "$@" | cksum | cut -d' ' -f1)
    if [ -e "$stamp" ]; then return; fi
    for file in "$@"; do files+=(-r "$file"); done
    echo "installing $* (about 5 GB the first time)" >&2
    # The files name every package there is, so nothing else is looked for: mmengine would bring
    # an OpenCV that needs a display's libraries.
    if command -v uv >/dev/null; then
        uv pip install --quiet --python "$python" --compile-bytecode --no-deps "${files[@]}"
        uv pip install --quiet --python "$python" --no-deps --no-build-isolation --editable .
    else
        "$python" -m pip install --quiet --disable-pip-version-check --no-deps "${files[@]}"
        "$python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    fi
    touch "$stamp"
}

environment
faiss=requirements-faiss-cpu.txt
if command -v nvidia-smi >/dev/null && nvidia-smi >/dev/null 2>&1; then faiss=requirements-faiss-gpu.txt; fi

case "${1:-}" in
test)
    shift
    install requirements.txt "$faiss" requirements-test.txt requirements-docs.txt
    "$python" -m ruff check .
    "$python" -m ruff format --check .
    "$python" -m mypy
    exec "$python" -m pytest "$@"
    ;;
data | plan | run | report)
    install requirements.txt "$faiss"
    exec "$python" -m benchmark "$@"
    ;;
bench)
    install requirements.txt "$faiss" requirements-test.txt requirements-bench.txt
    exec "$python" -m benchmark "$@"
    ;;
*)
    install requirements.txt "$faiss"
    exec "$python" -m benchmark run --suite smoke --out out/smoke "$@"
    ;;
esac
