import { cpSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import type { TensorEntry } from "@cramkit/checkpoint";
import { openCheckpoint, writeSafetensors } from "@cramkit/checkpoint/node";
import { registerGradients } from "@cramkit/ops";
import { setBackend } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { startCompute } from "../compute.ts";
import { verifyFixture } from "./verify.ts";

const folder = "packages/model/fixtures";
const fixtures = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));

describe("reference cases", () => {
  it.each(fixtures)("%s holds on the references, on tfjs's own cpu backend", async (name) => {
    registerGradients();
    await setBackend("cpu");
    const { pass, errors } = await verifyFixture(join(folder, name), { precision: "float32" });
    expect(pass, JSON.stringify(errors)).toBe(true);
  });

  it.each(fixtures)("%s holds on our CPU backend", async (name) => {
    const compute = await startCompute({ name: "cpu", precision: "float32", threads: 2 });
    const { pass, errors } = await verifyFixture(join(folder, name), {
      precision: "float32",
      kernels: compute.kernels,
    });
    compute.dispose();
    expect(pass, JSON.stringify(errors)).toBe(true);
  });

  it.each([["grad"], ["after3"]])("fails where a file lacks what it expects of %s", async (part) => {
    const changed = join(mkdtempSync(join(tmpdir(), "fixture-")), "changed.safetensors");
    const file = await openCheckpoint(join(folder, "crammed-v2.safetensors"));
    const entries: TensorEntry[] = [];
    for await (const entry of file) entries.push(entry);
    await file.close();
    registerGradients();
    await setBackend("cpu");
    const isPart = ({ name }: TensorEntry) => name.startsWith(`expect.${part}.`);
    const one = entries.find(isPart);
    for (const left of [entries.filter((entry) => !isPart(entry)), entries.filter((entry) => entry !== one)]) {
      await writeSafetensors(changed, left, { metadata: file.metadata });
      expect((await verifyFixture(changed, { precision: "float32" })).pass).toBe(false);
    }
  });

  it("fails where a single weight of the file is off, and names the worst tensor", async () => {
    const changed = join(mkdtempSync(join(tmpdir(), "fixture-")), "changed.safetensors");
    cpSync(join(folder, "crammed-v2.safetensors"), changed);
    const file = await openCheckpoint(changed);
    const entries: TensorEntry[] = [];
    for await (const entry of file) entries.push(entry);
    await file.close();
    const weight = entries.find(({ name }) => name === "param.encoder.layers.0.ffn.dense_in.weight")!;
    (weight.data as Float32Array)[0]! += 0.1;
    await writeSafetensors(changed, entries, { metadata: file.metadata });
    registerGradients();
    await setBackend("cpu");
    const { pass, errors } = await verifyFixture(changed, { precision: "float32" });
    expect(pass).toBe(false);
    expect(errors.grad.error).toBeGreaterThan(1e-3);
    expect(errors.grad.name).not.toBe("");
  });
});
