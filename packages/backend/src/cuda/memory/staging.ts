import { written } from "../driver/driver.ts";
import type { Stream } from "../driver/stream.ts";

const halfBytes = 4 * 1024 * 1024;

interface Half {
  readonly address: bigint;
  readonly event: bigint;
  used: number;
  /** Whether copies out of it may be under way. */
  isMarked: boolean;
}

/**
 * Page-locked memory of the host, through which values go to the device: the copy out of it runs beside this thread. Two halves
 * in turn; one is filled again when the copies out of it are done.
 */
export class Staging {
  readonly #halves: Half[];
  readonly #base: bigint;
  #current = 0;

  constructor(private readonly stream: Stream) {
    const { driver } = stream;
    this.#base = written(driver, "cuMemAllocHost_v2", "taking page-locked memory", 2 * halfBytes);
    this.#halves = [0, 1].map((i) => ({
      address: this.#base + BigInt(i * halfBytes),
      event: stream.event(),
      used: 0,
      isMarked: false,
    }));
  }

  /** Copies the bytes of a view to the device; the view may change as soon as this returns. */
  upload(pointer: bigint, view: ArrayBufferView): void {
    const { native, calls } = this.stream.driver;
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const half = this.#room();
      const part = bytes.subarray(at, at + Math.min(bytes.length - at, halfBytes - half.used));
      const from = half.address + BigInt(half.used);
      native.write(from, part);
      const code = calls.cuMemcpyHtoDAsync_v2(pointer + BigInt(at), from, part.length, this.stream.handle);
      this.stream.check(code, "cuMemcpyHtoDAsync_v2", "copying to the device");
      half.used = Math.min(halfBytes, Math.ceil((half.used + part.length) / 16) * 16);
      at += part.length;
    }
  }

  dispose(): void {
    const { calls } = this.stream.driver;
    for (const { event } of this.#halves) calls.cuEventDestroy_v2(event);
    calls.cuMemFreeHost(this.#base);
  }

  /** The half that is filled; the other one if it is full. */
  #room(): Half {
    const half = this.#halves[this.#current]!;
    if (half.used < halfBytes) return half;
    this.stream.mark(half.event);
    half.isMarked = true;
    this.#current = 1 - this.#current;
    const next = this.#halves[this.#current]!;
    if (next.isMarked) {
      const code = this.stream.driver.calls.cuEventSynchronize(next.event);
      this.stream.check(code, "cuEventSynchronize", "waiting for copies");
    }
    next.used = 0;
    return next;
  }
}
