import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Compute } from "../compute.ts";
import { readProducts } from "../run-record.ts";
import { tinyRun } from "../testing/tiny.testing.ts";
import { recordProducts } from "./products.ts";

const library = { name: "OpenBLAS", version: "0.3.21", kernel: "Zen", file: "/lib/libopenblas.so.0", bf16: false };
const wasm: Compute["products"] = { precision: "float32" };

it("keeps what computes products, and says so when a run goes on under something else", async () => {
  const folder = join(tinyRun().root, "run");
  mkdirSync(folder);
  const said: string[] = [];
  const record = (products: Compute["products"]) =>
    recordProducts(folder, { products }, { say: (line) => said.push(line) });
  expect(await record(undefined)).toBeUndefined();
  expect(await readProducts(folder)).toBeUndefined();
  expect(await record(wasm)).toBe("WebAssembly");
  expect(await record(wasm)).toBe("WebAssembly");
  expect(said).toEqual([]);
  expect(await record({ library, precision: "float32" })).toBe("OpenBLAS 0.3.21 (Zen)");
  expect(await readProducts(folder)).toBe("OpenBLAS 0.3.21 (Zen)");
  expect(said).toHaveLength(1);
  expect(said[0]).toContain("by WebAssembly so far and are by OpenBLAS 0.3.21 (Zen) from here on");
  await record({ library: { ...library, version: "0.3.30" }, precision: "float32" });
  expect(said).toHaveLength(2);
  expect(said[1]).toContain("bits may differ");
});
