#!/usr/bin/env bash
# Makes the tables of this folder again, as those of results/readings are made, over a search that
# is four times as long:
#   bash results/ranges/remake.sh DATA_ROOT [OUT]
# It needs the extra [tune].
export TRIALS=8 TPE=8
. "$(dirname "$0")"/../readings/remake.sh
for name in CUB-50-proxy-anchor Cars196-train-norm-softmax; do
  cp "$out"/figures/$name-search.png "$folder"/
done
