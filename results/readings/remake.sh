#!/usr/bin/env bash
# Makes the tables of this folder again, from the data sets below DATA_ROOT:
#   bash results/readings/remake.sh DATA_ROOT [OUT]
# OUT keeps the runs and the report's page; given again, it goes on where it was. A folder whose own
# remake.sh sources this one is made in the same way, from its own suite.py, by a search of TRIALS
# points, and TPE more that an arm's own trials suggest, on DEVICE, WORKERS at a time, where these are set.
set -euo pipefail
cd "$(dirname "$0")"
folder=results/$(basename "$PWD")
cd ../..
if (($# == 0)); then
  echo "error: no folder of data sets given: bash $folder/remake.sh DATA_ROOT [OUT]" >&2
  exit 2
fi
root=$1 out=${2:-out/$(basename "$folder")}
python -m benchmark tune --suite "$folder"/suite.py --trials "${TRIALS:-4}" ${TPE:+--tpe "$TPE"} --folds 2 \
  --data-root "$root" --allow-partial --device "${DEVICE:-cpu}" --workers "${WORKERS:-2}" --out "$out"
cp "$out"/table.csv "$folder"/
cp "$out"/figures/*-differences.png "$folder"/
python results/readings/tables.py "$out" "$folder"
