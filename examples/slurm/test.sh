#!/bin/bash
# The job without Slurm: `srun` and `scontrol` are stand-ins that start the program and note the requeue. Stopped by SIGTERM in
# the middle, it must end with a checkpoint and ask to be queued again; started once more, it must finish the run.
set -euo pipefail
mkdir -p bin
cat >bin/srun <<'END'
#!/bin/bash
shift   # --ntasks=1
exec "$@"
END
cat >bin/scontrol <<'END'
#!/bin/bash
echo "$*" >>requeued
END
chmod +x bin/*
export PATH=$PWD/bin:$PATH SLURM_JOB_ID=7
cat >small.json <<'END'
{ "extends": "smoke", "name": "small", "training": { "budget": "400 steps" }, "evaluation": { "probes": { "trials": 0 } } }
END

bash cramkit.sbatch small.json &
job=$!
for _ in $(seq 1200); do [ -s runs/small/metrics.jsonl ] && break; sleep 0.1; done
kill -TERM "$job"
wait "$job"
grep -q "requeue 7" requeued || { echo "expected the job to be queued again" >&2; exit 1; }
[ ! -e runs/small/model/model.safetensors ] || { echo "expected a run in its middle" >&2; exit 1; }

bash cramkit.sbatch small.json
test -s runs/small/model/model.safetensors
