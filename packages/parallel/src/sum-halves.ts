import type { Communicator } from "./communicator.ts";

/** The conversions that `sumInHalfPrecision` needs: float32 to the 16 bits of a float16, rounded to nearest even, and back. */
export interface HalfCodec {
  encode(values: Float32Array, out: Uint16Array): void;
  decode(bits: Uint16Array, out: Float32Array): void;
}

/**
 * An all-reduce with half the bytes on the wire. MPI cannot sum float16, so bits are exchanged: each rank sums one part
 * of the values in float32, in the order of ranks, and sends its sum to all as float16. The same bits on every rank.
 * Values beyond 65,504 become infinite, as in float16.
 */
export const sumInHalfPrecision = async (
  communicator: Communicator,
  values: Float32Array,
  { encode, decode }: HalfCodec,
): Promise<void> => {
  const { size } = communicator;
  if (size === 1) return;
  const part = Math.ceil(values.length / size);
  const bits = new Uint16Array(part * size);
  encode(values, bits.subarray(0, values.length));
  const received = await communicator.allToAll(new Uint8Array(bits.buffer));
  const sums = new Float32Array(part);
  const term = new Float32Array(part);
  for (let rank = 0; rank < size; rank++) {
    decode(new Uint16Array(received.buffer, rank * part * 2, part), term);
    for (let i = 0; i < part; i++) sums[i]! += term[i]!;
  }
  const own = new Uint16Array(part);
  encode(sums, own);
  const all = await communicator.allGather(new Uint8Array(own.buffer));
  decode(new Uint16Array(all.buffer, 0, values.length), values);
};
