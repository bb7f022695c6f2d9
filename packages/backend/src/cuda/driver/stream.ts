import { isFault, reworded } from "@cramkit/errors";
import type { CardReport } from "./device.ts";
import { type Driver, type DriverCall, succeed, written } from "./driver.ts";

/** Work that does not wait for the stream of another library that may be in this process. */
const nonBlocking = 1;
const withoutTiming = 2;
const notReady = 600;

/**
 * A card's context and the one stream of the backend. Whatever is given to the stream runs in the order in which it was given.
 * A kernel that fails shows at some later call, so the last kernels are remembered for its error.
 */
export class Stream {
  readonly handle: bigint;
  readonly #device: number;
  readonly #recent: string[] = [];
  #isOpen = true;

  constructor(
    readonly driver: Driver,
    readonly card: CardReport,
  ) {
    const doing = `starting ${card.name}`;
    this.#device = Number(written(driver, "cuDeviceGet", doing, card.index)) | 0;
    const context = written(driver, "cuDevicePrimaryCtxRetain", doing, this.#device);
    succeed(driver, driver.calls.cuCtxSetCurrent(context), "cuCtxSetCurrent", doing);
    this.handle = written(driver, "cuStreamCreate", doing, nonBlocking);
  }

  /** Remembers a kernel that is about to be launched. */
  remember(kernel: string): void {
    if (this.#recent.push(kernel) > 8) this.#recent.shift();
  }

  /** Throws what a call says, with the kernels of before it where one of them is to blame. */
  check(code: number, call: DriverCall, doing: string): void {
    if (code === 0) return;
    try {
      succeed(this.driver, code, call, doing);
    } catch (error) {
      if (!isFault(error) || error.code !== "device-lost" || this.#recent.length === 0) throw error;
      const list = this.#recent.toReversed().join(", ");
      throw reworded(error, { problem: `${error.problem}; the last kernels, newest first: ${list}` });
    }
  }

  /** Waits until all that was given to the stream is done. */
  finish(doing: string): void {
    this.check(this.driver.calls.cuStreamSynchronize(this.handle), "cuStreamSynchronize", doing);
  }

  /** The same without blocking this thread. */
  async finished(doing: string): Promise<void> {
    const { calls } = this.driver;
    const event = this.mark(this.event());
    try {
      for (let pause = 0; ; pause = Math.min(pause + 0.1, 1)) {
        const code = calls.cuEventQuery(event);
        if (code === 0) return;
        if (code !== notReady) this.check(code, "cuEventQuery", doing);
        await new Promise((resolve) => (pause < 0.5 ? setImmediate(resolve) : setTimeout(resolve, pause)));
      }
    } finally {
      calls.cuEventDestroy_v2(event);
    }
  }

  event(): bigint {
    return written(this.driver, "cuEventCreate", "making an event", withoutTiming);
  }

  /** Puts an event behind all that was given to the stream. */
  mark(event: bigint): bigint {
    this.check(this.driver.calls.cuEventRecord(event, this.handle), "cuEventRecord", "recording an event");
    return event;
  }

  dispose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // Nothing is asked of the answers: a context that is lost gives an error to each call.
    const { calls } = this.driver;
    calls.cuStreamDestroy_v2(this.handle);
    calls.cuDevicePrimaryCtxRelease_v2(this.#device);
  }
}
