#!/bin/bash
# The scripts without a cluster: stand-ins for `sbatch` and `parallel` start the tasks here. What two tasks prepare, by either
# script, must be what one process prepares, to the byte.
set -euo pipefail
mkdir -p bin
cat >bin/parallel <<'END'
#!/bin/bash
# --halt soon,fail=1 -j N COMMAND...
shift 4
pids=()
while read -r task; do
  "${@//\{\}/$task}" &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
END
cat >bin/sbatch <<'END'
#!/bin/bash
# --parsable --array=0-N [--dependency=...] SCRIPT RECIPE
last=${2#--array=0-}
for task in $(seq 0 "$last"); do
  SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=$((last + 1)) bash "${@: -2:1}" "${@: -1}" >&2
done
echo $RANDOM
END
chmod +x bin/*
export PATH=$PWD/bin:$PATH
cat >small.json <<'END'
{ "extends": "smoke", "name": "small", "evaluation": { "probes": { "trials": 0 } } }
END
PATH=$PWD/node_modules/.bin:$PATH cramkit prepare small.json --data alone
bash prepare-parallel.sh small.json 2
diff -r alone prepared
rm -r prepared
bash prepare-slurm.sh small.json 2
diff -r alone prepared
