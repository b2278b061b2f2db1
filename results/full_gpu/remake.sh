#!/usr/bin/env bash
# Makes the tables of this folder again, on a GPU, as those of results/readings are made:
#   bash results/full_gpu/remake.sh DATA_ROOT [OUT]
TRIALS=8 DEVICE=cuda
. "$(dirname "$0")"/../readings/remake.sh
cp "$out"/figures/*-search.png "$folder"/
