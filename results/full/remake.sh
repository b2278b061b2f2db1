#!/usr/bin/env bash
# Makes the tables of this folder again, as those of results/readings are made:
#   bash results/full/remake.sh DATA_ROOT [OUT]
. "$(dirname "$0")"/../readings/remake.sh
