import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const entry = fileURLToPath(new URL("../index.ts", import.meta.url));

/** Runs a script against this package's source in a process of its own. */
const run = (script: string) => {
  const code = `
    import * as tf from "@tensorflow/tfjs-core";
    import { startBackend } from ${JSON.stringify(entry)};
    ${script}`;
  const flags = ["--import", "tsx", "--conditions=@cramkit/source", "--input-type=module", "--eval", code];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  return spawnSync(process.execPath, flags, { cwd, encoding: "utf8", timeout: 20_000 });
};

const compute = `const started = await startBackend("cpu", { cpu: { threads: 3 } });
  console.log(tf.sum(tf.matMul(tf.ones([300, 300]), tf.ones([300, 300]))).dataSync()[0]);`;

it("ends with its script, although workers are left", () => {
  expect(run(compute)).toMatchObject({ status: 0, stdout: "27000000\n", stderr: "" });
});

it("ends after dispose, and can be started again", () => {
  const result = run(`${compute} started.dispose(); ${compute.replace("const started =", "const again =")}`);
  expect(result).toMatchObject({ status: 0, stdout: "27000000\n27000000\n", stderr: "" });
});

it("ends by process.exit while workers sleep", () => {
  expect(run(`${compute} process.exit(3);`)).toMatchObject({ status: 3, stdout: "27000000\n" });
});
