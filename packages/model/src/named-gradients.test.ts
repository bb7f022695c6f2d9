import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

it("says how to register gradients where nobody has", () => {
  const code = `
    import "@tensorflow/tfjs-backend-cpu";
    import { sum, tensor } from "@tensorflow/tfjs-core";
    import { valueAndNamedGrads } from "@cramkit/model";
    try { valueAndNamedGrads({ a: tensor([1, 2]) }, ({ a }) => sum(a)); } catch (error) { console.log(error.message); }`;
  const flags = ["--import", "tsx", "--conditions=@cramkit/source", "--input-type=module", "--eval", code];
  const { stdout } = spawnSync(process.execPath, flags, { cwd: "packages/recipes", encoding: "utf8", timeout: 60_000 });
  expect(stdout).toContain("call registerGradients() of @cramkit/ops first");
});
