#!/usr/bin/env bash
# Makes the tables of this folder again, from the data sets below DATA_ROOT:
#   bash results/tail/remake.sh DATA_ROOT [OUT]
# OUT keeps the runs and the report's page; given again, it goes on where it was.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$1 out=${2:-out/tail}
python -m benchmark tune --suite results/tail/suite.py --trials 4 --folds 2 \
  --data-root "$root" --allow-partial --device cpu --workers 2 --out "$out"
cp "$out"/table.csv "$out"/table.md results/tail/
cp "$out"/figures/*-differences.png results/tail/
python results/readings/tables.py "$out" results/tail
