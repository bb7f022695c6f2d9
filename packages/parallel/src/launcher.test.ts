import { expect, it } from "vitest";
import { arrayTask, placement } from "./launcher.ts";

it.each([
  [
    {
      OMPI_COMM_WORLD_RANK: "3",
      OMPI_COMM_WORLD_SIZE: "8",
      OMPI_COMM_WORLD_LOCAL_RANK: "1",
      OMPI_COMM_WORLD_LOCAL_SIZE: "2",
    },
    ["Open MPI", 3, 8, 1, 2],
  ],
  [{ PMI_RANK: "0", PMI_SIZE: "2", MPI_LOCALRANKID: "0", MPI_LOCALNRANKS: "2" }, ["MPICH", 0, 2, 0, 2]],
  [{ SLURM_PROCID: "5", SLURM_STEP_NUM_TASKS: "6", SLURM_LOCALID: "1" }, ["Slurm", 5, 6, 1, undefined]],
  [
    { SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "1", OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "2" },
    ["Open MPI", 1, 2, undefined, undefined],
  ],
  [{ RANK: "1", WORLD_SIZE: "2", LOCAL_RANK: "1", LOCAL_WORLD_SIZE: "2" }, ["torchrun", 1, 2, 1, 2]],
])("reads the rank from %j", (env, [launcher, rank, size, localRank, localSize]) => {
  expect(placement(env)).toEqual({ launcher, rank, size, localRank, localSize });
});

it.each([
  {},
  { RANK: "1" },
  { RANK: "2", WORLD_SIZE: "2" },
  { RANK: "-1", WORLD_SIZE: "2" },
  { RANK: "x", WORLD_SIZE: "" },
])("takes %j for no launcher", (env) => {
  expect(placement(env)).toBeUndefined();
});

it.each([
  [
    { SLURM_ARRAY_TASK_ID: "3", SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_COUNT: "4" },
    { task: 2, tasks: 4 },
  ],
  [
    { JOB_COMPLETION_INDEX: "0", JOB_COMPLETIONS: "3" },
    { task: 0, tasks: 3 },
  ],
  [
    { TASK: "2", TASKS: "3" },
    { task: 2, tasks: 3 },
  ],
  [{ TASK: "3", TASKS: "3" }, undefined],
  [{ JOB_COMPLETION_INDEX: "0" }, undefined],
])("reads the task of an array from %j", (env, wanted) => {
  expect(arrayTask(env)).toEqual(wanted);
});
