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

it("fails within seconds where a worker ends inside a task, and goes on with those that are left", () => {
  // The first worker that claims a task of the second product ends there, as a thread does that the system kills.
  const result = run(`
    const real = process.getBuiltinModule("node:worker_threads");
    const ending = \`{ const claim = Atomics.compareExchange.bind(Atomics); let claims = 0;
      Atomics.compareExchange = (...args) => { const got = claim(...args);
        if (got === args[2] && ++claims > 3) process.exit(); return got; }; }\n\`;
    class Worker extends real.Worker { constructor(source, options) { super(options.workerData.thread === 1 ? ending + source : source, options); } }
    const getBuiltin = process.getBuiltinModule;
    process.getBuiltinModule = (name) => name === "node:worker_threads" ? { ...real, Worker } : getBuiltin(name);
    const started = await startBackend("cpu", { cpu: { threads: 3 } });
    const multiply = () => tf.tidy(() => tf.sum(tf.matMul(tf.ones([700, 700]), tf.ones([700, 700]))).dataSync()[0]);
    await new Promise((wait) => setTimeout(wait, 300));
    const from = performance.now();
    let message = "no error";
    while (message === "no error" && performance.now() - from < 15000)
      try { multiply(); } catch (error) { message = error.message; }
    console.log(message);
    console.log(multiply(), performance.now() - from < 15000);`);
  expect(result.stderr).toBe("");
  expect(result.stdout).toMatch(
    /^cpu backend: expected 1 more tasks from worker threads.* 1 ended inside a task; .*\n343000000 true\n$/,
  );
});
