/** Where a launcher put this process. */
export interface Placement {
  /** What started the ranks. */
  readonly launcher: string;
  readonly rank: number;
  readonly size: number;
  /** This process among those of its machine. @defaultValue unknown: the launcher does not say */
  readonly localRank?: number;
  /** Processes of this job on its machine. @defaultValue unknown: the launcher does not say */
  readonly localSize?: number;
}

/** Which variables each launcher sets. The more specific come first: mpirun inside a Slurm job leaves Slurm's there too. */
const launchers = [
  {
    launcher: "Open MPI",
    rank: "OMPI_COMM_WORLD_RANK",
    size: "OMPI_COMM_WORLD_SIZE",
    localRank: "OMPI_COMM_WORLD_LOCAL_RANK",
    localSize: "OMPI_COMM_WORLD_LOCAL_SIZE",
  },
  {
    launcher: "MVAPICH",
    rank: "MV2_COMM_WORLD_RANK",
    size: "MV2_COMM_WORLD_SIZE",
    localRank: "MV2_COMM_WORLD_LOCAL_RANK",
    localSize: "MV2_COMM_WORLD_LOCAL_SIZE",
  },
  { launcher: "MPICH", rank: "PMI_RANK", size: "PMI_SIZE", localRank: "MPI_LOCALRANKID", localSize: "MPI_LOCALNRANKS" },
  {
    launcher: "Slurm",
    rank: "SLURM_PROCID",
    size: "SLURM_STEP_NUM_TASKS",
    localRank: "SLURM_LOCALID",
    localSize: undefined,
  },
  { launcher: "torchrun", rank: "RANK", size: "WORLD_SIZE", localRank: "LOCAL_RANK", localSize: "LOCAL_WORLD_SIZE" },
] as const;

/**
 * What the environment says about this process's rank, or undefined if no launcher set it. Variables of a launcher that
 * contradict each other (a rank beyond the size, no number) count as not set.
 */
export const placement = (env: Readonly<Record<string, string | undefined>> = process.env): Placement | undefined => {
  for (const { launcher, ...names } of launchers) {
    const rank = count(env[names.rank]);
    const size = count(env[names.size]);
    if (rank === undefined || size === undefined || rank >= size) continue;
    const localRank = count(env[names.localRank]);
    const localSize = names.localSize ? count(env[names.localSize]) : undefined;
    return { launcher, rank, size, localRank, localSize };
  }
  return undefined;
};

/**
 * Which of how many tasks of an array this process is: Slurm's arrays, Kubernetes's indexed jobs, and `TASK` of
 * `TASKS` for anything else, such as GNU parallel. Tasks of an array do not communicate.
 */
export const arrayTask = (
  env: Readonly<Record<string, string | undefined>> = process.env,
): { readonly task: number; readonly tasks: number } | undefined => {
  const first = count(env.SLURM_ARRAY_TASK_MIN) ?? 0;
  const slurm = count(env.SLURM_ARRAY_TASK_ID);
  const pairs = [
    [slurm === undefined ? undefined : slurm - first, count(env.SLURM_ARRAY_TASK_COUNT)],
    [count(env.JOB_COMPLETION_INDEX), count(env.JOB_COMPLETIONS)],
    [count(env.TASK), count(env.TASKS)],
  ] as const;
  for (const [task, tasks] of pairs)
    if (task !== undefined && tasks !== undefined && task < tasks) return { task, tasks };
  return undefined;
};

const count = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
