const windowMs = 100;
const firstPauseMs = 200;
const longestPauseMs = 3200;

/**
 * Decides whether to share jobs with the workers. If other processes take the cores, a worker that is descheduled
 * holds a task while everybody waits for it, and one thread is faster than two. Over windows of shared work it compares
 * the time that the calling thread computed with the time that it waited: once it waits longer than it would need to do
 * the others' part itself, jobs stay on the calling thread for a while. Results do not depend on the choice.
 */
export class Contention {
  readonly #threads: number;
  #worked = 0;
  #waited = 0;
  #pause = firstPauseMs;
  #aloneUntil = 0;

  constructor(threads: number) {
    this.#threads = threads;
  }

  /** Whether a job that starts at `now` (ms) should be shared. */
  mayShare(now: number): boolean {
    return now >= this.#aloneUntil;
  }

  /** Records a shared job: ms of computing and of waiting for the others, and when it ended. */
  record(worked: number, waited: number, now: number): void {
    this.#worked += worked;
    this.#waited += waited;
    if (this.#worked + this.#waited < windowMs) return;
    if (this.#waited > (this.#threads - 1) * this.#worked) {
      this.#aloneUntil = now + this.#pause;
      this.#pause = Math.min(2 * this.#pause, longestPauseMs);
    } else {
      this.#pause = firstPauseMs;
    }
    this.#worked = 0;
    this.#waited = 0;
  }
}
