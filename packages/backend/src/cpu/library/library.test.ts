import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { type CpuOptions, type StartedBackend, startBackend } from "../../index.ts";
import type { CpuBackend } from "../backend.ts";

let started: StartedBackend | undefined;
const start = async (cpu: CpuOptions): Promise<CpuBackend> => {
  started = await startBackend("cpu", { cpu });
  return tf.backend() as CpuBackend;
};
afterEach(() => {
  started?.dispose();
  started = undefined;
});

/** The report of a library, undefined if there is none of that name; without one, of the first that is found. */
const find = async (library?: string) => {
  await start({ threads: 1, products: "auto", library });
  const report = started!.products!.library;
  started!.dispose();
  return report;
};
const found = await find();
/** All that are here, each once. */
const libraries: [string, string | undefined, NonNullable<typeof found>][] = [];
for (const library of [undefined, "libdnnl.so.3", "libdnnl.so.2", "libopenblas.so.0", "libblis.so.4", "libmkl_rt.so"]) {
  const report = await find(library);
  if (report && !libraries.some(([, , { file }]) => file === report.file))
    libraries.push([report.name, library, report]);
}
if (!found)
  console.warn("library.test: no library for matrix products on this machine; products of one are NOT tested");
if (!found?.bf16) console.warn("library.test: no bf16 products on this machine; mixed precision is NOT tested");

/** Numbers whose bits are all in use, the same on every call. */
const numbers = (count: number, seed: number): Float32Array => {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
};

interface Case {
  m: number;
  n: number;
  k: number;
  form: "nt" | "nn" | "tn";
  bias?: boolean;
  accumulate?: boolean;
}

const cases: Case[] = [
  ...(["nt", "nn", "tn"] as const).flatMap((form): Case[] => [
    { m: 33, n: 65, k: 17, form },
    { m: 1, n: 700, k: 129, form },
    { m: 700, n: 1, k: 129, form },
    { m: 130, n: 300, k: 1, form },
    { m: 401, n: 523, k: 7, form, accumulate: true },
    { m: 400, n: 515, k: 9, form, bias: true },
    { m: 2, n: 3, k: 4, form, bias: true },
  ]),
];

/** Computes a case on a started backend, with rows of C that lie apart, and gives C. */
const compute = (backend: CpuBackend, { m, n, k, form, bias, accumulate }: Case, mixed = false): Float32Array => {
  const [ldc, before] = [n + 5, numbers(m * (n + 5), 4)];
  const tensors = [numbers(m * k, 1), numbers(n * k, 2), numbers(n, 3), before].map((values) => tf.tensor1d(values));
  const [a, b, biases, c] = tensors.map((tensor) => backend.address(tensor)) as [number, number, number, number];
  backend.gemm({
    ...{ m, n, k, c, ldc, accumulate, mixed, bias: bias ? biases : 0 },
    a: { address: a, across: form === "tn" ? 1 : k, along: form === "tn" ? m : 1 },
    b: { address: b, across: form === "nt" ? k : 1, along: form === "nt" ? 1 : n },
  });
  const result = tensors[3]!.dataSync() as Float32Array;
  tf.dispose(tensors);
  return result;
};

/** The same in double precision, with the sum of the terms' sizes, to which errors are relative. */
const expected = ({ m, n, k, form, bias, accumulate }: Case) => {
  const [a, b, biases, before] = [numbers(m * k, 1), numbers(n * k, 2), numbers(n, 3), numbers(m * (n + 5), 4)];
  const values = Float64Array.from(before);
  const sizes = new Float64Array(values.length).fill(Number.MIN_VALUE);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = accumulate ? before[i * (n + 5) + j]! : bias ? biases[j]! : 0;
      let size = Math.abs(sum);
      for (let l = 0; l < k; l++) {
        const term = a[form === "tn" ? l * m + i : i * k + l]! * b[form === "nt" ? j * k + l : l * n + j]!;
        sum += term;
        size += Math.abs(term);
      }
      values[i * (n + 5) + j] = sum;
      sizes[i * (n + 5) + j] = size;
    }
  }
  return { values, sizes };
};

const worst = (got: Float32Array, { values, sizes }: ReturnType<typeof expected>): number =>
  got.reduce((most, value, i) => Math.max(most, Math.abs(value - values[i]!) / sizes[i]!), 0);

const name = ({ m, n, k, form, bias, accumulate }: Case): string =>
  `${form} ${m} x ${n} x ${k}${bias ? " plus bias" : ""}${accumulate ? " plus what is there" : ""}`;

describe.each(libraries)("products by %s", (_, library, report) => {
  it("says what computes", async () => {
    await start({ threads: 2, products: "library", library });
    expect(started!.description).toContain(`products by ${report.name} ${report.version}`);
    expect(started!.products).toMatchObject({ library: report, precision: "float32" });
  });

  it.each(cases.map((one) => [name(one), one] as const))("%s", async (_, one) => {
    const backend = await start({ threads: 2, products: "library", library });
    expect(worst(compute(backend, one), expected(one))).toBeLessThan(1e-6);
  });

  it("gives the same bits on any number of threads, anywhere in memory", async () => {
    const results: Float32Array[][] = [];
    for (const threads of [1, 2, 3, 5]) {
      const backend = await start({ threads, products: "library", library });
      tf.tensor1d(numbers(1000 * threads, 9)); // moves what follows
      results.push(cases.map((one) => compute(backend, one)));
    }
    const bits = results.map((result) => result.map((c) => Buffer.from(c.buffer, c.byteOffset, c.byteLength)));
    for (const result of bits.slice(1))
      for (const [i, c] of result.entries()) expect(c.equals(bits[0]![i]!)).toBe(true);
  });

  it("computes batches, broadcast too", async () => {
    const shapes: [number[], number[]][] = [
      [
        [7, 40, 50],
        [7, 50, 33],
      ],
      [
        [7, 40, 50],
        [50, 33],
      ],
      [
        [1, 40, 50],
        [2, 3, 50, 33],
      ],
    ];
    const run = (): Float32Array[] =>
      shapes.flatMap(([a, b]) =>
        [false, true].map((transpose) => {
          const size = (shape: number[]) => shape.reduce((x, y) => x * y);
          const x = tf.tensor(numbers(size(a), 1), a);
          const y = tf.tensor(numbers(size(b), 2), transpose ? [...b.slice(0, -2), b.at(-1)!, b.at(-2)!] : b);
          return tf.matMul(x, y, false, transpose).dataSync() as Float32Array;
        }),
      );
    await start({ threads: 2, products: "library", library });
    const got = run();
    await start({ threads: 2, products: "wasm" });
    const want = run();
    for (const [i, one] of got.entries()) {
      expect(one.length).toBe(want[i]!.length);
      expect(one.reduce((most, value, j) => Math.max(most, Math.abs(value - want[i]![j]!)), 0)).toBeLessThan(1e-5);
    }
  });

  it("lets the process end, by itself and in the middle of things", () => {
    const source = fileURLToPath(new URL("../../index.ts", import.meta.url));
    const script = (end: string): string => `
      import * as tf from "@tensorflow/tfjs-core";
      import { startBackend } from ${JSON.stringify(source)};
      const started = await startBackend("cpu", { cpu: { threads: 3, products: "library", library: ${JSON.stringify(library)} } });
      const x = tf.ones([300, 300]);
      console.log(tf.sum(tf.matMul(x, x)).dataSync()[0]);
      ${end}`;
    for (const [end, status] of [
      ["", 0],
      ["started.dispose()", 0],
      ["process.exit(3)", 3],
    ] as const) {
      const args = ["--import", "tsx", "--conditions=@cramkit/source", "--input-type=module"];
      const cwd = fileURLToPath(new URL("../../..", import.meta.url));
      const run = spawnSync(process.execPath, [...args, "--eval", script(end)], {
        cwd,
        encoding: "utf8",
        timeout: 25_000,
      });
      expect(run).toMatchObject({ status, signal: null, stdout: "27000000\n" });
    }
  }, 90_000);
});

describe.skipIf(!found?.bf16)("products of bf16", () => {
  it.each(cases.map((one) => [name(one), one] as const))("%s", async (_, one) => {
    const backend = await start({ threads: 2, products: "library", precision: "mixed" });
    const error = worst(compute(backend, one, true), expected(one));
    expect(error).toBeLessThan(2 ** -7); // each operand is off by up to 2^-9 of itself, and terms add up
    if (one.m * one.n * one.k >= 2 ** 15) expect(error).toBeGreaterThan(1e-6);
  });

  it("leaves products in float32 that do not ask for it", async () => {
    const backend = await start({ threads: 2, products: "library", precision: "mixed" });
    expect(worst(compute(backend, cases[0]!), expected(cases[0]!))).toBeLessThan(1e-6);
  });

  it("rounds to nearest, ties to even, and what is not finite does not become so", async () => {
    const backend = await start({ threads: 2, products: "library", precision: "mixed" });
    const values = [1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, -1 - 2 ** -8, 2 ** -130, Infinity, NaN];
    // One row of k = 1 by ones: what comes out is what the operand was rounded to.
    const [size, ones] = [4096, 16];
    const operand = Float32Array.from({ length: size }, (_, i) => values[i % values.length]!);
    const [a, b, c] = [tf.tensor1d(operand), tf.ones([ones]), tf.zeros([size, ones])];
    const [atA, atB, atC] = [a, b, c].map((x) => backend.address(x)) as [number, number, number];
    const operandA = { address: atA, across: 1, along: 1 };
    backend.gemm({
      m: size,
      n: ones,
      k: 1,
      a: operandA,
      b: { address: atB, across: 1, along: 1 },
      c: atC,
      mixed: true,
    });
    const got = [...(c.dataSync() as Float32Array)].filter((_, i) => i % ones === 0).slice(0, values.length);
    expect(got.slice(0, 5)).toEqual([1, 1, 1 + 2 ** -6, 1 + 2 ** -7, -1]);
    expect(got.slice(6).map(Number.isFinite)).toEqual([false, false]);
    expect([0, 2 ** -130]).toContain(got[5]); // a library may flush what is subnormal
  });
});

describe("a library that cannot be used", () => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-library-"));
  const file = (name: string, bytes: Uint8Array | string): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const header = (machine: number): Uint8Array => {
    const bytes = new Uint8Array(512);
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    bytes.set([3, 0, machine, 0], 16);
    return bytes;
  };
  const mathematics = process.platform === "darwin" ? "libm.dylib" : "libm.so.6";
  const faults: [string, () => string, string][] = [
    ["is not there", () => join(folder, "nothing.so"), "expected a library, got none"],
    ["is broken", () => file("broken.so", Uint8Array.of(0, 1)), "got a file that is not one"],
    ["is for another processor", () => file("other.so", header(process.arch === "x64" ? 183 : 62)), "got one for"],
    ["has no products", () => mathematics, "without the functions of one"],
  ];

  it.each(faults)("%s: an error if it was asked for, one line and WebAssembly if not", async (_, path, text) => {
    const library = path();
    await expect(start({ products: "library", library })).rejects.toThrow(text);
    await start({ threads: 1, products: "auto", library });
    expect(started!.products).not.toHaveProperty("library");
    expect(started!.products!.remark).toContain("products in WebAssembly");
    expect(started!.description).toContain(text);
    expect(started!.description.split("\n")).toHaveLength(1);
    expect([...tf.matMul(tf.ones([2, 3]), tf.ones([3, 1])).dataSync()]).toEqual([3, 3]);
  });

  const source = (body: string, headers: readonly string[]): string => `
    ${headers.map((header) => `#include <${header}>\n`).join("")}
    void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                     const float *b, int ldb, float beta, float *c, int ldc) { ${body} }`;
  const product = `
    for (int i = 0; i < m; i++) for (int j = 0; j < n; j++) {
      float s = beta * c[i * ldc + j];
      for (int l = 0; l < k; l++) s += a[ta == 112 ? l * lda + i : i * lda + l] * b[tb == 112 ? j * ldb + l : l * ldb + j];
      c[i * ldc + j] = s;
    }`;
  const compiled = (name: string, body: string, headers: readonly string[] = []): string | undefined => {
    const [from, to] = [file(`${name}.c`, source(body, headers)), join(folder, `${name}.so`)];
    const { error, status } = spawnSync("cc", ["-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", from, "-o", to]);
    if (!error && status !== 0) throw new Error(`cc failed on ${from}`);
    return error ? undefined : to;
  };
  const wrong = compiled("wrong", product.replace("l * lda + i", "l * lda + i + (i > 16)"));
  if (!wrong)
    console.warn("library.test: no C compiler on this machine; libraries that compute wrongly are NOT tested");

  it.skipIf(!wrong)("computes wrongly: it is not used", async () => {
    await expect(start({ products: "library", library: wrong })).rejects.toThrow("got wrong numbers");
    await start({ threads: 1, products: "auto", library: wrong });
    expect(started!.products!.remark).toContain("got wrong numbers");
  });

  it.skipIf(!wrong)("any CBLAS that computes right is used by its path", async () => {
    const backend = await start({ threads: 2, products: "library", library: compiled("right", product) });
    expect(started!.products!.library).toMatchObject({ name: "CBLAS", file: join(folder, "right.so"), bf16: false });
    for (const one of cases) expect(worst(compute(backend, one), expected(one))).toBeLessThan(1e-6);
    await expect(start({ products: "library", library: join(folder, "right.so"), precision: "mixed" })).rejects.toThrow(
      "does not multiply bf16",
    );
  });

  // The thread is gone for the system, and Node never hears of it: Node itself aborts at the end of the process.
  it.skipIf(!wrong)(
    "a thread that ends inside a call is an error, not a hang",
    () => {
      // The calling thread takes its time, so that others claim tasks on a busy machine too.
      const ending = `static int calls; int isMain = getpid() == syscall(SYS_gettid); int call = __sync_add_and_fetch(&calls, 1);
      if (isMain) usleep(20000); else if (call > 30) syscall(SYS_exit, 0);`;
      const library = compiled("ending", `${ending} ${product}`, ["unistd.h", "sys/syscall.h"]);
      const entry = fileURLToPath(new URL("../../index.ts", import.meta.url));
      const script = `
      import * as tf from "@tensorflow/tfjs-core";
      import { startBackend } from ${JSON.stringify(entry)};
      await startBackend("cpu", { cpu: { threads: 3, products: "library", library: ${JSON.stringify(library)} } });
      const x = tf.ones([500, 500]);
      let message = "no error";
      for (let i = 0; i < 400 && message === "no error"; i++) {
        await new Promise((wait) => setTimeout(wait, 20)); // threads start in turns of the event loop
        try { tf.tidy(() => tf.matMul(x, x).dataSync()); } catch (error) { message = error.message; }
      }
      console.log(message);
      process.kill(process.pid, "SIGKILL");`;
      const args = ["--import", "tsx", "--conditions=@cramkit/source", "--input-type=module", "--eval", script];
      const cwd = fileURLToPath(new URL("../../..", import.meta.url));
      const run = spawnSync(process.execPath, args, { cwd, encoding: "utf8", timeout: 60_000 });
      expect(run.stdout).toMatch(/^cpu backend: expected \d more tasks from worker threads.* ended inside a task;/);
    },
    90_000,
  );
});

it("takes nothing but what it knows for products", async () => {
  await expect(start({ products: "blas" as "auto" })).rejects.toThrow('"wasm", "library" or "auto", got "blas"');
  await expect(start({ library: "libopenblas.so.0" })).rejects.toThrow('expected products "library" or "auto"');
});

it("computes in WebAssembly unless it is told otherwise, and says why not in mixed precision", async () => {
  await start({ threads: 1 });
  expect(started!.products).toEqual({ precision: "float32" });
  expect(started!.description).not.toContain("products");
  await start({ threads: 1, precision: "mixed" });
  expect(started!.description).toContain("in float32: mixed precision needs a library for products");
});
