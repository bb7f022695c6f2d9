/**
 * Scalar summaries in TensorBoard's event format: TFRecord framing (length, masked CRC-32C, bytes, masked CRC-32C) around
 * the protocol buffer `tensorflow.Event`. Fields: Event { 1 wall_time double, 2 step int64, 3 file_version string,
 * 5 summary, 7 session_log }, Summary { 1 value }, Value { 1 tag, 2 simple_value float }, SessionLog { 1 status }.
 */

import { type FileHandle, open } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { checkOptions } from "@cramkit/errors";
import { makeFolder } from "@cramkit/files";

export interface EventLog {
  append(step: number, scalars: Readonly<Record<string, number>>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a new event file in `folder`. Resumed after `step`, it tells TensorBoard to forget what came after it: a start of
 * a session drops everything from its own step on.
 */
export const openEventLog = async (
  folder: string,
  options: {
    step: number;
    /** @defaultValue `Date.now` */
    now?: () => number;
  },
): Promise<EventLog> => {
  checkOptions("openEventLog", options, { step: true, now: true });
  const { step, now = Date.now } = options;
  await makeFolder(folder);
  const name = `events.out.tfevents.${Math.floor(now() / 1000)}.${hostname()}.${process.pid}.${step}`;
  const handle: FileHandle = await open(join(folder, name), "a");
  const time = () => double(1, now() / 1000);
  const started = 1;
  await handle.appendFile(record([...time(), ...text(3, "brain.Event:2")]));
  await handle.appendFile(record([...time(), ...integer(2, step + 1), ...message(7, integer(1, started))]));
  return {
    append: async (at, scalars) => {
      const values = Object.entries(scalars).flatMap(([tag, value]) =>
        message(1, [...text(1, tag), ...float(2, value)]),
      );
      await handle.appendFile(record([...time(), ...integer(2, at), ...message(5, values)]));
    },
    close: () => handle.close(),
  };
};

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
};
const integer = (field: number, value: number) => [field << 3, ...varint(value)];
const message = (field: number, body: number[]) => [(field << 3) | 2, ...varint(body.length), ...body];
const text = (field: number, value: string) => message(field, [...new TextEncoder().encode(value)]);
const float = (field: number, value: number) => [(field << 3) | 5, ...new Uint8Array(new Float32Array([value]).buffer)];
const double = (field: number, value: number) => [
  (field << 3) | 1,
  ...new Uint8Array(new Float64Array([value]).buffer),
];

const record = (body: number[]): Uint8Array => {
  const out = new Uint8Array(16 + body.length);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(body.length), true);
  view.setUint32(8, maskedCrc(out.subarray(0, 8)), true);
  out.set(body, 12);
  view.setUint32(12 + body.length, maskedCrc(out.subarray(12, 12 + body.length)), true);
  return out;
};

const castagnoli = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C, rotated right by 15 and offset, as TFRecord asks. */
const maskedCrc = (bytes: Uint8Array): number => {
  let crc = ~0;
  for (const byte of bytes) crc = (crc >>> 8) ^ castagnoli[(crc ^ byte) & 255]!;
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};
