#!/bin/bash
# Prepares a corpus by a Slurm array, of which not all tasks need to run at once: bash prepare-slurm.sh RECIPE.json TASKS
# Reading, counting words, encoding: each stage begins when all tasks of the one before have ended.
set -euo pipefail
recipe=${1:?expected a recipe, got none: bash prepare-slurm.sh RECIPE.json TASKS}
tasks=${2:?expected a number of tasks, got none: bash prepare-slurm.sh RECIPE.json TASKS}
job=
for stage in reading counting encoding; do
  job=$(sbatch --parsable --array="0-$((tasks - 1))" ${job:+--dependency=afterok:$job} prepare.sbatch "$recipe")
  echo "$stage: job $job"
done
