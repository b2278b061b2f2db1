#!/usr/bin/env bash
# Set up what is missing, then run.
#
#   bash run_all.sh                    the default suites, smoke and cues: train, collect, report;
#                                      then paper on the data sets that are found
#   bash run_all.sh --data-root DIR    the same, with the data sets below DIR
#   bash run_all.sh --seeds 0 epochs=2 the same with options and overrides of 'run'
#   bash run_all.sh plan|run|tune|data|report|bench ...   any command of python -m benchmark
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
    # The marker is there while .venv is being made: found later, it says that this was interrupted.
    if [ -e .venv.unfinished ]; then
        echo "making .venv again: the last attempt was interrupted" >&2
        rm -rf .venv
    elif [ -e .venv ]; then
        [ -x "$python" ] || fail ".venv has no bin/python; remove the folder, or activate another environment"
        recent "$python" || fail "the python of .venv is broken or older than 3.11; remove the folder"
        return
    fi
    local base=
    for name in python3 python3.13 python3.12 python3.11; do
        if recent "$name"; then base=$(command -v "$name"); break; fi
    done
    [ -n "$base" ] || fail "Python 3.11 or later is needed; install it, or activate an environment that has it"
    echo "making .venv with $base" >&2
    touch .venv.unfinished
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$base" .venv
    else
        "$base" -m venv .venv || fail "python3 -m venv failed; on Debian and Ubuntu: apt install python3-venv"
    fi
    rm .venv.unfinished
}

pip() {
    if command -v uv >/dev/null; then
        uv pip "$1" --quiet --python "$python" "${@:2}"
    else
        "$python" -m pip "$1" --quiet --disable-pip-version-check "${@:2}"
    fi
}

has() { "$python" -c "import importlib.metadata as m; m.version('$1')" 2>/dev/null; }

# Two distributions that own the same folder: one put over the other breaks both when either goes.
# Both are removed, the rival last, and the file that names the wanted one is installed again.
remove_rival() {
    local rival=$1 wanted=$2 file=$3 name
    has "$rival" || return 0
    echo "replacing $rival by $wanted" >&2
    rm -f "$installed/$file"
    for name in "$wanted" "$rival"; do
        if has "$name"; then pip uninstall --yes "$name"; fi
    done
}

# Install the given requirement files. A copy of each is kept in the environment, so that only a
# file that changed is installed again; while it is being installed, the copy says "unfinished".
install() {
    local again=() changed=() compile=() each=() file project installed
    installed=$("$python" -c 'import sys; print(sys.prefix)')/dam-benchmark
    mkdir -p "$installed"
    remove_rival opencv-python opencv-python-headless requirements.txt
    case $faiss in
    *-gpu.txt) remove_rival faiss-cpu faiss-gpu "$faiss" ;;
    *) remove_rival faiss-gpu faiss-cpu "$faiss" ;;
    esac
    for file in "$@"; do
        if cmp -s "$file" "$installed/$file"; then continue; fi
        changed+=("$file")
        each+=(-r "$file")
        # What was being written when it was interrupted may pass for installed.
        if [ "$(cat "$installed/$file" 2>/dev/null)" = unfinished ]; then again=(--force-reinstall); fi
        echo unfinished >"$installed/$file"
    done
    if [ ${#changed[@]} -gt 0 ]; then
        if [ ${#again[@]} -gt 0 ]; then echo "the last installation was interrupted; it is made again" >&2; fi
        echo "installing ${changed[*]} (about 5 GB the first time)" >&2
        if command -v uv >/dev/null; then compile=(--compile-bytecode); fi
        # The files name every package there is, so nothing else is looked for: mmengine would bring
        # an OpenCV that needs a display's libraries.
        pip install ${again[@]+"${again[@]}"} ${compile[@]+"${compile[@]}"} --no-deps "${each[@]}" ||
            fail "the packages could not be installed (see above); the same command tries again"
        cp "${changed[@]}" "$installed"
    fi
    project=$(echo "$PWD"; cat pyproject.toml)
    if [ "$project" != "$(cat "$installed/project" 2>/dev/null)" ]; then
        pip install --no-deps --no-build-isolation --editable . ||
            fail "the suite itself could not be installed (see above)"
        echo "$project" >"$installed/project"
    fi
}

# Run a command of the suite in place of this script; the lock on the set-up goes first.
start() { exec "$python" -m "$@" 9<&-; }

# One call at a time sets up.
exec 9<run_all.sh
flock --nonblock 9 || { echo "waiting for another run_all.sh that sets up" >&2; flock 9; }
environment
faiss=requirements-faiss-cpu.txt
if command -v nvidia-smi >/dev/null && nvidia-smi >/dev/null 2>&1; then faiss=requirements-faiss-gpu.txt; fi

case "${1:-}" in
test)
    shift
    install requirements.txt "$faiss" requirements-test.txt requirements-slurm.txt requirements-tune.txt requirements-docs.txt
    "$python" -m ruff check .
    "$python" -m ruff format --check .
    # Types are checked beside the tests, which leave a part of the cores idle.
    types=$(mktemp)
    "$python" -m mypy >"$types" 2>&1 9<&- & checking=$!
    # One process a core, up to eight, a file in one of them; -n 0 among the arguments keeps to one.
    # In the files' own order: sorted by their number of tests, the longest one would come last.
    tests=0
    "$python" -m pytest --numprocesses logical --maxprocesses 8 --dist loadfile \
        --no-loadscope-reorder "$@" 9<&- || tests=$?
    wrong=0
    wait "$checking" || wrong=$?
    cat "$types"
    rm "$types"
    [ "$wrong" = 0 ] || fail "the types are wrong (see above)"
    exit "$tests"
    ;;
data | plan | run | report | status | store | embed | config)
    install requirements.txt "$faiss"
    start benchmark "$@"
    ;;
tune)
    install requirements.txt "$faiss" requirements-tune.txt
    start benchmark "$@"
    ;;
bench)
    install requirements.txt "$faiss" requirements-test.txt requirements-bench.txt
    start benchmark "$@"
    ;;
*)
    install requirements.txt "$faiss"
    for suite in smoke cues; do
        "$python" -m benchmark run --suite "$suite" --out "out/$suite" --if-found "$@" 9<&-
    done
    start benchmark run --suite paper --out out/paper --if-found "$@"
    ;;
esac
