import { spawn } from "node:child_process";
import { appendFile, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { lockRun, openEventLog, openMetrics, readMetrics } from "./index.ts";
import { maskedCrc } from "./tensorboard.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "run-"));
});

it("lets one process at a time work on a run", async () => {
  const release = await lockRun(folder);
  await expect(lockRun(folder)).rejects.toThrow(`process ${process.pid} on ${hostname()} is working on this folder`);
  release();
  (await lockRun(folder))();
});

it("takes over from a process that is gone, or that never finished taking it", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  await writeFile(join(folder, "run.lock"), JSON.stringify({ pid: child.pid, host: hostname(), started: "1" }));
  (await lockRun(folder))();
  await writeFile(join(folder, "run.lock"), "");
  (await lockRun(folder))();
});

it("says what to do where the owner ran on another machine", async () => {
  await writeFile(join(folder, "run.lock"), JSON.stringify({ pid: 1, host: "elsewhere", started: "1" }));
  await expect(lockRun(folder)).rejects.toThrow(
    /process 1 on elsewhere .*, or delete .*run\.lock if that machine is gone/,
  );
});

it("removes what a killed process left half-written, and nothing of one that lives", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  await writeFile(join(folder, `recipe.json.${child.pid}.partial`), "{");
  await writeFile(join(folder, `report.html.${process.pid}.partial`), "<");
  (await lockRun(folder))();
  expect(await readdir(folder)).toEqual([`report.html.${process.pid}.partial`]);
});

it("appends metrics and drops what a resumed run writes again", async () => {
  const file = join(folder, "metrics.jsonl");
  const first = await openMetrics(file, { microbatch: 0 });
  for (let microbatch = 1; microbatch <= 5; microbatch++) await first.append({ microbatch, loss: 1 / microbatch });
  await first.close();
  await appendFile(file, '{"microbatch":6,"lo'); // killed while writing
  const second = await openMetrics(file, { microbatch: 3 });
  await second.append({ microbatch: 4, loss: null });
  await second.close();
  expect(await readMetrics(file)).toEqual([
    { microbatch: 1, loss: 1 },
    { microbatch: 2, loss: 0.5 },
    { microbatch: 3, loss: 1 / 3 },
    { microbatch: 4, loss: null },
  ]);
});

it("names the line of a metrics file that is broken", async () => {
  await writeFile(join(folder, "m.jsonl"), '{"microbatch":1}\nbroken\n');
  await expect(readMetrics(join(folder, "m.jsonl"))).rejects.toThrow(/m\.jsonl:2: expected a JSON object, got broken/);
});

it("knows the check value of CRC-32C", () => {
  // RFC 3720, B.4: 32 bytes of zeros have the checksum 0x8a9136aa; masked as TFRecord does.
  const crc = 0x8a9136aa;
  expect(maskedCrc(new Uint8Array(32))).toBe((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
});

it("writes event files that parse as TFRecords of tensorflow.Event", async () => {
  const log = await openEventLog(folder, { step: 7, now: () => 1_500 });
  await log.append(300, { loss: 0.5, "learning rate": 0.25 });
  await log.close();
  const [name] = await readdir(folder);
  const bytes = await readFile(join(folder, name!));
  const records: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc(bytes.subarray(at, at + 8)));
    const body = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(maskedCrc(body));
    records.push(body);
    at += 16 + length;
  }
  expect(records).toHaveLength(3);
  expect(records[0]!.subarray(9).toString()).toBe("\x1a\x0dbrain.Event:2");
  expect(records[0]!.readDoubleLE(1)).toBe(1.5);
  expect([...records[1]!.subarray(9)]).toEqual([0x10, 7, 0x3a, 2, 0x08, 1]);
  const summary = records[2]!.subarray(9);
  expect([...summary.subarray(0, 3)]).toEqual([0x10, 0xac, 0x02]); // step 300
  expect(summary.includes("learning rate")).toBe(true);
  expect(summary.readFloatLE(summary.length - 4)).toBe(0.25);
});
