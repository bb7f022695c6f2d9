import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { explain } from "@cramkit/errors";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { startBackend } from "../start-backend.ts";
import { compiled } from "./compiled.generated.ts";
import { cudaTests } from "./cuda.testing.ts";
import { type CudaOptions, inspectCuda, type StartedCuda, startCuda } from "./start.ts";

const { emulator, skipped } = cudaTests();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

const usual = { cards: 1, driverVersion: 12080, major: 8, minor: 0, memoryBytes: 2 ** 34, failIn: 0, failWith: 0 };
let started: StartedCuda | undefined;
const start = async (options: CudaOptions = {}) => {
  started = await startCuda({ library: emulator!.library, ...options });
  return started;
};
afterEach(() => {
  started?.dispose();
  started = undefined;
  for (const [key, value] of Object.entries(usual)) emulator?.set(key as "cards", value);
});

describe.runIf(emulator)("startBackend cuda", () => {
  it("computes, and says what it is", async () => {
    const backend = await startBackend("cuda", { cuda: { library: emulator!.library } });
    expect(backend).toMatchObject({ name: "cuda", tfjsName: "cramkit-cuda" });
    expect(backend.description).toBe(
      "emulator, compute capability 8.0, CUDA 12.8 (never run on a GPU, only on an emulator)",
    );
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect([...(await tf.matMul(x, x).data())]).toEqual([7, 10, 15, 22]);
    backend.dispose();
    backend.dispose();
    expect(tf.findBackend("cramkit-cuda")).toBeFalsy();
    expect([emulator!.get("bytes"), emulator!.get("allocations")]).toEqual([0, 0]);
  });

  it("says what a machine has", () => {
    const { card, cudaVersion, cards } = inspectCuda({ library: emulator!.library });
    expect(card).toMatchObject({ name: "emulator", capability: 80, memoryBytes: 2 ** 34, sharedBytes: 166912 });
    expect([cudaVersion, cards.length]).toEqual(["12.8", 1]);
  });

  it.each([
    ["no card", { cards: 0 }, "not-found", "no NVIDIA card"],
    ["a driver of two versions", { cards: -803 }, "unsupported", "the driver's library and its module differ"],
    [
      "a driver that answers something unknown",
      { cards: -999 },
      "unsupported",
      "the driver refused (cuInit: error 999",
    ],
    ["a driver that is too old", { driverVersion: 10020 }, "unsupported", "for CUDA 11.0 or newer, got one for 10.2"],
    ["a card that is too old", { major: 7, minor: 0 }, "unsupported", "7.5 (Turing) or newer, got emulator of 7.0"],
  ])("%s is one clear error", async (_, machine, code, says) => {
    for (const [key, value] of Object.entries(machine)) emulator!.set(key as "cards", value);
    const error = await startBackend("cuda", { cuda: { library: emulator!.library } }).catch((error) => error);
    expect(explain(error)).toMatchObject({ code });
    expect(error.message).toContain(says);
    expect(error.message).toMatch(/use the webgpu or cpu backend$|restart the machine|^cuda: starting the driver/);
    expect(error.message.split("\n")).toHaveLength(1);
  });

  it("names a card that is not there, and those that are", async () => {
    await expect(start({ card: 3 })).rejects.toThrow(
      "cuda: expected card to be below 1, got 3; available: 0 (emulator)",
    );
  });

  it("says what is wrong with a library that is none, or is another one", async () => {
    await expect(start({ library: "/nowhere/libcuda.so.1" })).rejects.toMatchObject({ code: "not-found" });
    await expect(start({ library: "libm.so.6" })).rejects.toMatchObject({ code: "version-mismatch" });
  });

  it("refuses options that it does not have", async () => {
    await expect(start({ device: 1 } as CudaOptions)).rejects.toThrow('unknown option "device"');
  });
});

describe.runIf(emulator)("memory of the CUDA backend", () => {
  it("runs out with a code that a smaller batch answers to, and goes on", async () => {
    emulator!.set("memoryBytes", 2 ** 20);
    const { backend } = await start();
    const kept = tf.fill([1000], 0);
    const error = explain(
      (() => {
        try {
          return tf.fill([2 ** 19], 1);
        } catch (error) {
          return error;
        }
      })(),
    );
    expect(error).toMatchObject({ code: "out-of-memory", remedy: "use a smaller batch or sequence length" });
    // What is free is given back before anybody is told that there is none.
    for (const n of [150_000, 160_000, 170_000]) tf.fill([n], 1).dispose();
    expect(tf.sum(tf.ones([2000])).dataSync()[0]).toBe(2000);
    expect(tf.sum(kept).dataSync()[0]).toBe(0);
    expect(backend.counters().bytesInUse).toBeGreaterThan(0);
  });

  it("keeps no more free bytes than it may", async () => {
    await start({ maxFreeBytes: 4096 });
    const before = emulator!.get("bytes");
    for (let n = 1; n < 50; n++) tf.fill([n * 100], 1).dispose();
    expect(emulator!.get("bytes") - before).toBeLessThanOrEqual(4096);
  });

  it("takes values of any length through its page-locked memory, and what another backend made", async () => {
    await import("@tensorflow/tfjs-backend-cpu");
    await tf.setBackend("cpu");
    const elsewhere = tf.tensor1d([1, 2, 3]);
    await start();
    const n = 5 * 2 ** 20 + 3;
    const values = Float32Array.from({ length: n }, (_, i) => i % 1001);
    const x = tf.tensor1d(values);
    const y = tf.add(x, 1);
    values.fill(0); // what was passed belongs to the caller again once it is on the device
    const got = await y.data();
    expect(got.findIndex((value, i) => value !== (i % 1001) + 1)).toBe(-1);
    expect([...tf.mul(elsewhere, 2).dataSync()]).toEqual([2, 4, 6]);
    expect([...tf.tensor1d([true, false]).dataSync()]).toEqual([1, 0]);
    expect(tf.tensor1d(["a", "b"]).dataSync()).toEqual(["a", "b"]);
    expect(() => started!.backend.write(new Float32Array(2), [1], "complex64")).toThrow(
      "expected a tensor of real numbers",
    );
  });
});

describe.runIf(emulator)("a kernel that fails", () => {
  it("is named with its operation, and so is what was lost with it", async () => {
    await start();
    const x = tf.ones([3]);
    tf.exp(x);
    emulator!.set("failWith", 700);
    emulator!.set("failIn", 1);
    const message = "a kernel used memory that is not its own (cuLaunchKernel: CUDA_ERROR_ILLEGAL_ADDRESS";
    const error = explain(
      (() => {
        try {
          return tf.tanh(x);
        } catch (error) {
          return error;
        }
      })(),
    );
    expect(error.code).toBe("device-lost");
    expect(error.problem).toContain(message);
    expect(error.problem).toContain("the last kernels, newest first: Unary_Tanh_f, Unary_Exp_f");
    expect(() => tf.exp(x).dataSync()).toThrow("CUDA_ERROR_ILLEGAL_ADDRESS");
    started!.dispose();
    started = undefined;
    await start();
    expect([...tf.exp(tf.zeros([2])).dataSync()]).toEqual([1, 1]);
  });

  it("cannot write beyond its memory unnoticed", async () => {
    const { backend } = await start({ check: true });
    const y = backend.output([4]);
    const beyond = () => backend.launch(compiled, "fill", { grid: [1] }, [y, 5, 0]);
    expect(beyond).toThrow(/block 0,0 thread 4,0: no memory at .*the last kernels, newest first: fill/);
    backend.disposeData(y.dataId);
  });

  it("finds unwritten elements full of NaN while it is checked", async () => {
    const { backend } = await start({ check: true });
    const y = backend.output([4]);
    backend.launch(compiled, "fill", { grid: [1] }, [y, 3, 0]);
    expect([...(backend.readSync(y.dataId) as Float32Array)]).toEqual([0, 0, 0, Number.NaN]);
    expect(() => backend.launch(compiled, "fill", { grid: [1] }, [y, 3])).toThrow("fill: expected 3 arguments, got 2");
    expect(() => backend.launch(compiled, "fill", { grid: [1] }, [3, 3, 3])).toThrow("of kind p, got number");
    expect(() => backend.launch(compiled, "Fill", { grid: [1] }, [])).toThrow('got "Fill"');
  });

  it("lets the process end, in the middle of everything and after a fault", () => {
    const run = (body: string) => {
      const script = `
        import * as tf from "@tensorflow/tfjs-core";
        import { startCuda } from ${JSON.stringify(fileURLToPath(new URL("start.ts", import.meta.url)))};
        import { buildCudaEmulator } from ${JSON.stringify(fileURLToPath(new URL("../cuda-emulator.ts", import.meta.url)))};
        const emulator = buildCudaEmulator();
        const started = await startCuda({ library: emulator.library });
        const x = tf.exp(tf.ones([1000]));
        ${body}`;
      const args = ["--import", "tsx", "--conditions=@cramkit/source", "--input-type=module", "--eval", script];
      const cwd = fileURLToPath(new URL("../..", import.meta.url));
      return spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000, cwd });
    };
    expect(run("")).toMatchObject({ status: 0, signal: null, stderr: "" });
    const lost = `emulator.set("failWith", 719); emulator.set("failIn", 1); try { tf.exp(x) } catch (e) { console.log(e.code) }`;
    expect(run(`${lost}; process.exit(3)`)).toMatchObject({ status: 3, signal: null, stdout: "device-lost\n" });
    expect(run("const y = x.data(); started.dispose(); await y")).toMatchObject({ signal: null });
  });
});
