#!/usr/bin/env bash
# Makes the tables of this folder again, as those of results/readings are made, over a search that
# is four times as long:
#   bash results/ranges/remake.sh DATA_ROOT [OUT]
export TRIALS=8 TPE=8
. "$(dirname "$0")"/../readings/remake.sh
