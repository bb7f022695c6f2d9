/** The time that a run has used. */
export interface RunClock {
  elapsed(): number;
  /** From here on time counts. */
  begin(): void;
}

/**
 * A clock that stands at `elapsedMs` until it begins. A device compiles its kernels in the first step, in the first guess and in
 * the first checkpoint: a minute on a software adapter would be over before the second step.
 */
export const runClock = (elapsedMs: number): RunClock => {
  let begunAt: number | undefined;
  return {
    elapsed: () => elapsedMs + (begunAt === undefined ? 0 : performance.now() - begunAt),
    begin: () => {
      begunAt ??= performance.now();
    },
  };
};
