import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { openEventLog } from "./tensorboard.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "events-"));
});

/** CRC-32C by its definition, a bit at a time: polynomial 0x1edc6f41, reflected, inverted before and after. */
const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
};

/** As TensorFlow's crc32c.h masks a checksum that is stored beside what it covers. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

/** Records of a TFRecord file: uint64 length, masked CRC of the length, data, masked CRC of the data; little-endian. */
const records = (file: Buffer): Buffer[] => {
  const found: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(masked(crc32c(file.subarray(at, at + 8))));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(data).toHaveLength(length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(masked(crc32c(data)));
    found.push(data);
    at += 16 + length;
  }
  return found;
};

type Schema = {
  readonly [field: number]: readonly [name: string, type: "double" | "float" | "int" | "string" | Schema];
};

/** What TensorBoard reads of event.proto and summary.proto. */
const event: Schema = {
  1: ["wallTime", "double"],
  2: ["step", "int"],
  3: ["fileVersion", "string"],
  5: ["summary", { 1: ["value", { 1: ["tag", "string"], 2: ["simpleValue", "float"] }] }],
  7: ["sessionLog", { 1: ["status", "int"] }],
};

/** Decodes the wire format of protocol buffers: every field with its number and wire type, repeated ones as a list. */
const decode = (bytes: Buffer, schema: Schema): Record<string, unknown> => {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const message: Record<string, unknown> = {};
  while (at < bytes.length) {
    const key = Number(varint());
    const known = schema[key >> 3];
    if (!known) throw new Error(`no field ${key >> 3}`);
    const [name, type] = known;
    expect(key & 7, name).toBe(type === "int" ? 0 : type === "double" ? 1 : type === "float" ? 5 : 2);
    if (type === "int") message[name] = Number(varint());
    else if (type === "double") message[name] = bytes.readDoubleLE((at += 8) - 8);
    else if (type === "float") message[name] = bytes.readFloatLE((at += 4) - 4);
    else {
      const length = Number(varint());
      const body = bytes.subarray(at, (at += length));
      if (type === "string") message[name] = body.toString();
      else if (name === "value") message[name] = [...((message[name] as unknown[]) ?? []), decode(body, type)];
      else message[name] = decode(body, type);
    }
  }
  return message;
};

const eventsIn = async (): Promise<Record<string, unknown>[]> => {
  const names = (await readdir(folder)).sort();
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
  return files.flatMap(records).map((record) => decode(record, event));
};

it("checks with the checksum of the specification", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa); // RFC 3720, B.4
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

it("writes event files that an independent reader decodes", async () => {
  const log = await openEventLog(folder, { step: 0, now: () => 1_792_000_000_250 });
  await log.append(300, { loss: 0.5, "learning rate": 1e-3 });
  await log.append(2 ** 40, { "gradient/\u00e9norm": Number.POSITIVE_INFINITY });
  await log.close();
  const wallTime = 1_792_000_000.25; // seconds
  expect(await eventsIn()).toEqual([
    { wallTime, fileVersion: "brain.Event:2" },
    { wallTime, step: 1, sessionLog: { status: 1 } },
    {
      wallTime,
      step: 300,
      summary: {
        value: [
          { tag: "loss", simpleValue: 0.5 },
          { tag: "learning rate", simpleValue: Math.fround(1e-3) },
        ],
      },
    },
    {
      wallTime,
      step: 2 ** 40,
      summary: { value: [{ tag: "gradient/\u00e9norm", simpleValue: Number.POSITIVE_INFINITY }] },
    },
  ]);
});

it("is found by its name, and after a resume drops what is written again and no more", async () => {
  const first = await openEventLog(folder, { step: 0, now: () => 1_000 });
  for (const step of [1, 2, 3]) await first.append(step, { loss: step });
  await first.close();
  const second = await openEventLog(folder, { step: 2, now: () => 2_000 });
  await second.append(3, { loss: 30 });
  await second.close();
  expect((await readdir(folder)).every((name) => /^events\.out\.tfevents\.\d+\./.test(name))).toBe(true);
  // As TensorBoard does it: the start of a session drops every point at its step or after it.
  type Event = { step: number; sessionLog?: { status: number }; summary?: { value: { simpleValue: number }[] } };
  let points: [step: number, value: number][] = [];
  for (const { step, sessionLog, summary } of (await eventsIn()) as unknown as Event[]) {
    if (sessionLog?.status === 1) points = points.filter(([at]) => at < step);
    for (const { simpleValue } of summary?.value ?? []) points.push([step, simpleValue]);
  }
  expect(points).toEqual([
    [1, 1],
    [2, 2],
    [3, 30],
  ]);
});
