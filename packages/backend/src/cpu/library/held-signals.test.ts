import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { startBackend } from "../../index.ts";

const started = await startBackend("cpu", { cpu: { threads: 1, products: "auto" } });
const name = started.products!.library?.name;
started.dispose();
if (name !== "oneDNN") console.warn("held-signals.test: no oneDNN on this machine; signals are NOT tested");

/** Multiplies small matrices for two seconds; prints a line at its start, and the signals that it heard at its end. */
const script = `
import * as tf from "@tensorflow/tfjs-core";
import { startBackend } from "@cramkit/backend";
await startBackend("cpu", { cpu: { threads: 2, products: "library" } });
let heard = 0;
process.on("SIGUSR2", () => heard++);
const [a, b] = [tf.ones([6, 48, 200]), tf.ones([6, 200, 64])];
const sum = () => tf.tidy(() => tf.sum(tf.matMul(a, b)).dataSync()[0]);
const expected = sum();
console.log("begun");
for (const end = Date.now() + 2000; Date.now() < end; ) {
  for (let i = 0; i < 50; i++) if (sum() !== expected) throw new Error("other numbers than before");
  await new Promise(setImmediate);
}
console.log(heard);
process.exit();`;

// Without it the heap of such a process is damaged within a second.
it.skipIf(name !== "oneDNN")(
  "signals reach a process that multiplies, and do it no harm",
  { timeout: 60_000 },
  async () => {
    const args = ["--import", "tsx", "--conditions=@cramkit/source", "--input-type=module", "--eval", script];
    const cwd = fileURLToPath(new URL("../../..", import.meta.url));
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let errors = "";
    child.stderr.on("data", (text) => (errors += text));
    const ended = new Promise<[number | null, NodeJS.Signals | null]>((done) =>
      child.on("close", (...how) => done(how)),
    );
    const lines: string[] = [];
    let timer: NodeJS.Timeout | undefined;
    for await (const line of createInterface(child.stdout)) {
      lines.push(line);
      timer ??= setInterval(() => child.kill("SIGUSR2"), 1);
    }
    clearInterval(timer);
    expect(await ended, errors).toEqual([0, null]);
    expect(Number(lines[1])).toBeGreaterThan(10);
  },
);
