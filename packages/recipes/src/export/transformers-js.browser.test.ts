import { createRequire } from "node:module";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browser, runInBrowser } from "../browser/browser.testing.ts";
import { type Compute, startCompute } from "../compute.ts";
import { differenceOf, type ExportedModel, exportedModels } from "./exported-models.testing.ts";
import { exportPrecisions } from "./onnx-files.ts";

const library = createRequire(createRequire(import.meta.url).resolve("@huggingface/transformers"));
const webAssembly = dirname(library.resolve("onnxruntime-web"));

describe.runIf(browser)("an exported model in a browser", () => {
  let compute: Compute;
  beforeAll(async () => {
    compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
  });
  afterAll(() => compute.dispose());

  it("answers a plain call of transformers.js as ours do, for each task, and in each precision", async () => {
    const models = await exportedModels();
    const calls = models.flatMap((model) => [
      { model, precision: "q8", options: {} } as const, // the default of a browser
      ...exportPrecisions.map((precision) => ({ model, precision, options: { dtype: precision } })),
    ]);
    const asked = calls.map(({ model: { task, folder, text }, options }) => ({ task, folder, text, options }));
    const answers = await runInBrowser<unknown[]>(
      `import { env, pipeline } from "@huggingface/transformers";
env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = "/models/";
env.backends.onnx.wasm.wasmPaths = "/wasm/";
env.useBrowserCache = false;
const result = [];
for (const { task, folder, text, options } of ${JSON.stringify(asked)}) {
  const run = await pipeline(task, folder, options);
  const answer = await run(text);
  result.push(task === "feature-extraction" ? { data: Array.from(answer.data) } : answer);
  await run.dispose();
}`,
      { folders: { models: models[0]!.root, wasm: webAssembly } },
    );
    expect(answers).toHaveLength(calls.length);
    for (const [i, { model, precision }] of calls.entries())
      expect(differenceOf(model, precision, answers[i]), `${model.folder} ${precision}`).toBeUndefined();
  });

  it("answers a plain call from a folder with floats alone", async () => {
    const [model] = (await exportedModels(["fp32"])) as [ExportedModel];
    const answer = await runInBrowser<unknown>(
      `import { env, pipeline } from "@huggingface/transformers";
Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: "/models/", useBrowserCache: false });
env.backends.onnx.wasm.wasmPaths = "/wasm/";
const run = await pipeline("${model.task}", "${model.folder}");
const result = await run(${JSON.stringify(model.text)});`,
      { folders: { models: model.root, wasm: webAssembly } },
    );
    expect(differenceOf(model, "fp32", answer)).toBeUndefined();
  });
});
