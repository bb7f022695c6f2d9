#!/bin/bash
# Prepares a corpus by several processes of this machine, with GNU parallel: bash prepare-parallel.sh RECIPE.json TASKS
set -euo pipefail
export PATH=$PWD/node_modules/.bin:$PATH
recipe=${1:?expected a recipe, got none: bash prepare-parallel.sh RECIPE.json TASKS}
tasks=${2:-$(nproc)}
# All tasks run at once, so that they can wait for one another. Each has one thread beside its own.
seq 0 $((tasks - 1)) | parallel --halt soon,fail=1 -j "$tasks" \
  cramkit prepare "$recipe" --task {} --of "$tasks" --wait --data prepared --set corpus.threads=1
