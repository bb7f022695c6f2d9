import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { cudaTests } from "../cuda.testing.ts";
import { inspectCuda, type StartedCuda, startCuda } from "../start.ts";
import { filesIn, foldersOf } from "./find-cublaslt.ts";
import { errorOf, errorOfMany, manyShapes, type Shape, shapes, tolerance } from "./products.testing.ts";

const { emulator, skipped } = cudaTests();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

const start = (options: Parameters<typeof startCuda>[0] = {}): Promise<StartedCuda> => {
  const { library } = emulator!;
  return startCuda({
    library,
    productsLibrary: library,
    products: "cublaslt",
    precision: "mixed",
    check: true,
    ...options,
  });
};
const asked = (): number => emulator!.get("libraryProducts");

describe.runIf(emulator)("products by cuBLASLt", () => {
  afterEach(() => emulator!.set("libraryFails", 0));

  const tiers = [
    { halves: "bf16", precision: "mixed", major: 8 },
    { halves: "f16", precision: "mixed", major: 7 },
    { halves: "float32", precision: "float32", major: 9 },
  ] as const;
  describe.each(tiers)("of $halves", ({ halves, precision, major }) => {
    let started: StartedCuda;
    beforeAll(async () => {
      emulator!.set("major", major);
      emulator!.set("minor", major === 7 ? 5 : 0);
      started = await start({ precision });
    });
    afterAll(() => {
      started?.dispose();
      emulator!.set("major", 8);
      emulator!.set("minor", 0);
      expect(emulator!.get("libraryObjects")).toBe(0);
    });

    it.each(shapes)("$batches x [$m, $k] [$k, $n], operands $a and $b, bias $bias", async (shape) => {
      const before = asked();
      expect(await errorOf(started, shape, halves)).toBeLessThan(10 * tolerance);
      expect(asked() - before).toBe(shape.bias ? 2 : 1);
    });

    it("of one line, however far the next one would be", async () => {
      const shape: Shape = { batches: 1, m: 5, n: 1, k: 7, a: "t", b: "t", bias: false };
      const before = asked();
      expect(await errorOf(started, shape, halves)).toBeLessThan(tolerance);
      expect(asked() - before).toBe(1);
    });

    it("many of them", async () => {
      const before = asked();
      expect(await errorOfMany(started, manyShapes, halves)).toBeLessThan(10 * tolerance);
      expect(asked() - before).toBe(manyShapes.length);
    });
  });

  it("say so, and leave to our kernels what it has no algorithm for", async () => {
    const started = await start();
    expect(started.description).toContain("products in bf16 by cublaslt");
    expect(started.report.products).toBe(`cuBLASLt 12.8.5 from ${emulator!.library}`);
    const halfWithBias: Shape = { ...shapes[0]!, half: true };
    const before = asked();
    expect(await errorOf(started, halfWithBias, "bf16")).toBeLessThan(tolerance);
    emulator!.set("libraryFails", 15);
    expect(await errorOf(started, shapes[1]!, "bf16")).toBeLessThan(tolerance);
    expect(await errorOfMany(started, manyShapes, "bf16")).toBeLessThan(tolerance);
    expect(asked()).toBe(before);
    started.dispose();
    expect(emulator!.get("libraryObjects")).toBe(0);
  });

  it("as halves, where a tensor exists as that", async () => {
    const started = await start();
    const before = asked();
    expect(await errorOf(started, { ...shapes[0]!, bias: false, half: true }, "bf16")).toBeLessThan(tolerance);
    expect(asked() - before).toBe(1);
    started.dispose();
  });

  it("in a step that is recorded, and replayed with other values", async () => {
    const started = await start({ precision: "float32" });
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const step = () => tf.tidy(() => tf.matMul(x, x));
    step().dispose();
    const recording = started.backend.record(step);
    started.backend.assign(x, Float32Array.of(0, 1, 1, 0));
    const before = asked();
    recording.replay();
    expect([...(await recording.result.data())]).toEqual([1, 0, 0, 1]);
    expect(asked()).toBe(before);
    recording.dispose();
    started.dispose();
  });

  it("name the call that failed", async () => {
    emulator!.set("libraryFails", 1);
    await expect(start()).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("cublasLtCreate: CUBLAS_STATUS_NOT_INITIALIZED"),
    });
    emulator!.set("libraryFails", 0);
    const started = await start();
    emulator!.set("libraryFails", 13);
    await expect(errorOf(started, shapes[1]!, "bf16")).rejects.toMatchObject({
      code: "device-lost",
      message: expect.stringContaining("cublasLtMatmul: CUBLAS_STATUS_EXECUTION_FAILED"),
    });
    started.dispose();
  });

  it("are not there without the library, and say how to get it", async () => {
    const options = { library: emulator!.library, productsLibrary: "/nowhere/libcublasLt.so.12" };
    const found = inspectCuda(options).candidates.find(({ name }) => name === "cublaslt");
    expect(found).toMatchObject({
      available: false,
      remedy: expect.stringContaining("pip install nvidia-cublas-cu12"),
    });
    await expect(startCuda({ ...options, products: "cublaslt" })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("/nowhere/libcublasLt.so.12"),
      remedy: expect.stringContaining('products "mma"'),
    });
  });
});

it("looks where CUDA and PyTorch put it", () => {
  const root = mkdtempSync(join(tmpdir(), "cramkit-cublaslt-"));
  try {
    const make = (...path: string[]): string => {
      const folder = join(root, ...path);
      mkdirSync(folder, { recursive: true });
      return folder;
    };
    const file = (folder: string, name: string): string => {
      writeFileSync(join(folder, name), "");
      return join(folder, name);
    };
    const name = "libcublasLt.so.12";
    const inToolkit = file(make("cuda", "lib64"), name);
    const inWheel = file(make("venv", "lib", "python3.12", "site-packages", "nvidia", "cublas", "lib"), name);
    const newer = file(
      make("venv", "lib", "python3.12", "site-packages", "nvidia", "cu13", "lib"),
      "libcublasLt.so.13",
    );
    const inTorch = file(make("other", "lib", "python3.9", "site-packages", "torch", "lib"), name);
    file(make("other", "bin"), "python3.9");
    symlinkSync(join(root, "other", "bin", "python3.9"), join(make("path"), "python3"));
    const folders = foldersOf({
      CUDA_HOME: join(root, "cuda"),
      VIRTUAL_ENV: join(root, "venv"),
      PATH: join(root, "path"),
    });
    const ours = (names: string[]) => filesIn(folders, names).filter((one) => one.startsWith(root));
    expect(ours([name])).toEqual([inToolkit, inWheel, inTorch]);
    expect(ours(["libcublasLt.so.13", name])[0]).toBe(newer);
  } finally {
    rmSync(root, { recursive: true });
  }
});
