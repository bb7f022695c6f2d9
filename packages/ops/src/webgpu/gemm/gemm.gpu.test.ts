import { engine, type Tensor, type TensorInfo, tensor } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniform } from "../../conformance-case.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../../testing/adapter.testing.ts";
import type { Host } from "../host.ts";
import { subgroupSizes } from "../subgroup-size.ts";
import { gemm, gemmResult } from "./gemm.ts";
import { epilogues, matrixTiles } from "./matrix-variant.ts";
import type { Form } from "./tiled.ts";

const forms: Form[] = ["nt", "nn", "tn"];

/** Runs one product on the current backend and returns its largest error, relative to the largest element. */
const errorOf = async (
  host: Host,
  form: Form,
  [m, n, k]: number[],
  more: { alpha?: number; bias?: boolean; accumulate?: boolean; half?: boolean },
) => {
  const a = uniform(form === "tn" ? [k!, m!] : [m!, k!], 1);
  const b = uniform(form === "nt" ? [n!, k!] : [k!, n!], 2);
  const old = uniform([m!, n!], 3);
  const bias = uniform([n!], 4);
  const [ta, tb, tc, tbias] = [a, b, old, bias].map(({ values, shape }) => tensor(values, shape)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const { alpha, accumulate, half } = more;
  const product = {
    form,
    a: ta,
    b: tb,
    m: m!,
    n: n!,
    k: k!,
    alpha,
    accumulate,
    biasTensor: more.bias ? tbias : undefined,
  };
  const c = accumulate
    ? tc
    : half
      ? gemmResult(host, product, [m!, n!], true)
      : host.makeTensorInfo([m!, n!], "float32");
  if (half) expect(host.isDeferred(c)).toBe(true);
  else gemm(host, { ...product, c });
  const result = more.accumulate ? tc : engine().makeTensorFromTensorInfo(c as TensorInfo);
  const got = await result.data();
  let [error, largest] = [0, 0];
  for (let i = 0; i < m!; i++) {
    for (let j = 0; j < n!; j++) {
      let sum = 0;
      for (let l = 0; l < k!; l++)
        sum += a.values[form === "tn" ? l * m! + i : i * k! + l]! * b.values[form === "nt" ? j * k! + l : l * n! + j]!;
      sum =
        sum * (more.alpha ?? 1) + (more.bias ? bias.values[j]! : 0) + (more.accumulate ? old.values[i * n! + j]! : 0);
      largest = Math.max(largest, Math.abs(sum));
      // Written so that NaN counts as an error.
      if (!(Math.abs(got[i * n! + j]! - sum) <= error)) error = Math.abs(got[i * n! + j]! - sum);
    }
  }
  for (const x of [ta, tb, tc, tbias, ...(more.accumulate ? [] : [result])]) x.dispose();
  return error / largest;
};

const variants = [
  { name: "32x32", tier: "float32", tolerance: 1e-5 },
  { name: "64x64", tier: "float32", tolerance: 1e-5 },
  { name: "128x128", tier: "float32", tolerance: 1e-5 },
  { name: "128x128.tall", tier: "float32", tolerance: 1e-5 },
  { name: "128x128", tier: "float32", tolerance: 1e-5, workgroupStorage: 16384 },
  { name: "64x64", tier: "float32", tolerance: 1e-5, prefetch: "2" },
  { name: "64x64", tier: "float32", tolerance: 1e-5, subgroupSize: "asked" },
  { name: "64x64", tier: "float16", tolerance: 3e-3 },
  { name: "matrix.64x64", tier: "matrix", tolerance: 3e-3 },
  { name: "matrix.64x64", tier: "matrix", tolerance: 3e-3, matrixSpelling: "old" },
  { name: "matrix.64x64", tier: "matrix", tolerance: 3e-3, subgroupSize: "asked" },
  { name: "matrix.128x128", tier: "matrix", tolerance: 3e-3 },
] as const;

/** Has every shader ask for the largest subgroups of the device, if it lets itself be asked. */
const askForSubgroups = ({ backend: { capabilities }, report }: TestBackend): void => {
  const [size] = subgroupSizes(capabilities).reverse();
  // What Dawn's feature is called is what our own flag stands for.
  expect(capabilities.subgroupSizeControl).toBe(report.features.includes("subgroup-size-control"));
  if (size === undefined) console.warn("\n######## no subgroup-size-control: sizes of subgroups NOT TESTED ########\n");
  else Object.assign(capabilities, { variants: { ...capabilities.variants, subgroupSize: `${size}` } });
};

const tiers = await testableTiers();
if (tiers.length === 0) it.skip("no WebGPU adapter: NOTHING was tested", () => undefined);

describe.each(variants.filter(({ tier }) => tiers.includes(tier)))("gemm $name in tier $tier", (variant) => {
  const { name, tier, tolerance } = variant;
  // A software adapter takes seconds to compile a large tile: one form and one edge of the rarer ones.
  const rare = ["128x128.tall", "matrix.128x128"].includes(name) || "workgroupStorage" in variant;
  const few = rare || "matrixSpelling" in variant || "subgroupSize" in variant;
  let started: TestBackend | undefined;
  beforeAll(async () => {
    const prefetch: Record<string, string> = "prefetch" in variant ? { prefetch: variant.prefetch } : {};
    started = await startTestBackend({ ...variant, variants: { gemm: name, ...prefetch }, tier });
    if ("workgroupStorage" in variant)
      Object.assign(started.backend.capabilities.limits, { maxComputeWorkgroupStorageSize: variant.workgroupStorage });
    if ("subgroupSize" in variant) askForSubgroups(started);
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  it.each(few ? (["tn"] as const) : forms)("%s, whole tiles", async (form) => {
    expect(await errorOf(started!.backend, form, [128, 128, 64], {})).toBeLessThan(tolerance);
  });

  it.each(few ? (["nt"] as const) : forms)("%s, odd sizes with alpha, bias and accumulation", async (form) => {
    const more = { alpha: 0.5, bias: true, accumulate: true };
    expect(await errorOf(started!.backend, form, [131, 70, 37], more)).toBeLessThan(tolerance);
  });

  it.skipIf(few)("a long contraction in several parts", async () => {
    expect(await errorOf(started!.backend, "tn", [20, 24, 2100], { bias: true })).toBeLessThan(tolerance);
    const more = { alpha: 0.5, bias: true, accumulate: true };
    expect(await errorOf(started!.backend, "tn", [20, 24, 2100], more)).toBeLessThan(tolerance);
    expect(await errorOf(started!.backend, "tn", [21, 23, 2100], more)).toBeLessThan(tolerance);
  });
});

// The shapes of real units: those of NVIDIA (16 x 16 x 16, and 16 x 8 x 16) and of Intel (8 x 16 x 16).
const units = [
  { m: 16, n: 16, k: 16 },
  { m: 16, n: 8, k: 16 },
  { m: 8, n: 16, k: 16 },
];
const tileNames = Object.keys(matrixTiles);
const emulations = [
  ...tileNames.map((name) => ({ name, emulatedUnit: units[0]! })),
  ...units.slice(1).map((emulatedUnit) => ({ name: "64x64", emulatedUnit })),
  ...["2", "3"].map((prefetch) => ({ name: "64x64", emulatedUnit: units[0]!, prefetch })),
  // The usual panel of a part two matrices wide is the narrow one; of four it is two.
  ...Object.keys(epilogues).map((epilogue) => ({
    ...{ name: "64x64", epilogue },
    emulatedUnit: units[epilogue === "narrow" ? 1 : 0]!,
  })),
];

const titleOf = ({ name, emulatedUnit: { m, n, k }, ...rest }: (typeof emulations)[number]): string =>
  [`matrix.${name}`, ...Object.entries(rest).flat(), `on emulated units of ${m} x ${n} x ${k}`].join(" ");

describe
  .runIf(tiers.includes("float16"))
  .each(emulations.map((emulation) => ({ ...emulation, title: titleOf(emulation) })))(
  "gemm $title",
  ({ name, emulatedUnit, title: _, ...rest }) => {
    const { epilogue }: { epilogue?: string } = rest;
    let started: TestBackend | undefined;
    beforeAll(async () => {
      started = await startTestBackend({ emulatedUnit, variants: { gemm: `matrix.${name}`, ...rest } });
      started.backend.poison = true;
    });
    afterAll(() => started?.dispose());

    // Compiling a large tile for a software adapter takes seconds: the forms take turns.
    const isSmall = name === "64x64" && emulatedUnit === units[0] && !epilogue;

    it.skipIf(epilogue).each(isSmall ? forms : (["nt"] as const))("%s, whole tiles, f16", async (form) => {
      const { m, n } = matrixTiles[name as keyof typeof matrixTiles];
      expect(await errorOf(started!.backend, form, [m, n, 96], { half: true, bias: true })).toBeLessThan(3e-3);
    });

    it.runIf(isSmall).each(forms)("%s, whole tiles, float32", async (form) => {
      const { m, n } = matrixTiles[name as keyof typeof matrixTiles];
      expect(await errorOf(started!.backend, form, [m, n, 96], {})).toBeLessThan(3e-3);
    });

    it.runIf(epilogue)("through that epilogue", async () => {
      const keys: string[] = [];
      const dispatch = started!.backend.dispatch;
      started!.backend.dispatch = (program, ...rest) => {
        keys.push(program.key);
        dispatch(program, ...rest);
      };
      // Stores of 16 bytes are for f16 alone, which has no edges.
      const [form, shape, more] =
        epilogue === "sixteen"
          ? (["nt", [64, 128, 96], { half: true }] as const)
          : (["nn", [57, 60, 37], { accumulate: true }] as const);
      const error = await errorOf(started!.backend, form, [...shape], { ...more, alpha: 0.5, bias: true });
      expect(error).toBeLessThan(3e-3);
      expect(keys.filter((key) => key.startsWith("gemm.") && key.endsWith(`-${epilogue}`))).toHaveLength(1);
    });

    it.runIf(isSmall || name === "128x128").each(isSmall ? forms : (["tn"] as const))(
      "%s, edges with alpha, bias and accumulation",
      async (form) => {
        const more = { alpha: 0.5, bias: true, accumulate: true };
        const { m, n } = matrixTiles[name as keyof typeof matrixTiles];
        expect(await errorOf(started!.backend, form, [m - 7, n - 4, 37], more)).toBeLessThan(3e-3);
      },
    );
  },
);
