import { type Tensor, tensor, valueAndGrads } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniform } from "../conformance-case.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../testing/adapter.testing.ts";
import { embedding } from "./embedding.ts";

const tiers = await testableTiers();

describe.runIf(tiers.length > 0)("the gradient of an embedding on WebGPU", () => {
  let started: TestBackend | undefined;
  beforeAll(async () => {
    started = await startTestBackend();
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  // Half of all positions hold token 3, token 0 is padding; 1003 is no multiple of a chunk of 64.
  const [count, vocab] = [1003, 50];
  const ids = Int32Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 3 : (i * 31) % vocab));

  it.each([8, 33, 300])(
    "adds up a token that is half of all, in rows of %i, the same way every time",
    async (hidden) => {
      const dy = uniform([count, hidden], 1);
      const run = async () => {
        const { grads } = valueAndGrads((table: Tensor) =>
          embedding(tensor(ids, [count], "int32"), table, { paddingId: 0 }),
        )([tensor(uniform([vocab, hidden], 2).values, [vocab, hidden])], tensor(dy.values, dy.shape));
        return grads[0]!.data();
      };
      const got = await run();
      const want = new Float64Array(vocab * hidden);
      ids.forEach((id, i) => {
        if (id !== 0) for (let e = 0; e < hidden; e++) want[id * hidden + e]! += dy.values[i * hidden + e]!;
      });
      const largest = Math.max(...want.map(Math.abs));
      expect(Math.max(...want.map((value, i) => Math.abs(got[i]! - value))) / largest).toBeLessThan(1e-5);
      expect([...(await run())]).toEqual([...got]);
    },
  );
});
