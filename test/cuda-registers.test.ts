import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compiledImages, kernelNames } from "../scripts/cuda-registers.mjs";

const images = compiledImages(".");

// A build without clang has no kernels to look at.
it.skipIf(images.length === 0)("REGISTERS.md has every CUDA kernel (scripts/cuda-registers.mjs writes it)", () => {
  const text = readFileSync("packages/backend/cuda/REGISTERS.md", "utf8");
  const named = [...text.matchAll(/^\| (\w+) \| `([\w$]+)`/gm)].map(([, from, name]) => `${from} ${name}`);
  const compiled = images.flatMap(({ package: from, ptx }) => kernelNames(ptx).map((name) => `${from} ${name}`));
  expect(new Set(named)).toEqual(new Set(compiled));
});
