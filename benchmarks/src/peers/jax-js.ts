import { isMissing, type Suite, type SuiteContext } from "../measure/suite.ts";
import { type Shape, shapesOf } from "../workloads/shapes.ts";
import { batchOf } from "../workloads/training-step.ts";
import { provideDawn } from "./dawn.ts";

type Jax = typeof import("@jax-js/jax");
type Array = import("@jax-js/jax").numpy.Array;
/** jax-js consumes its arguments: what is used again is passed as `x.ref`. */
type Tree = { [name: string]: Array };

/** Of one pre-norm encoder as in `peers/pytorch.py`; weights are `[in, out]`. */
const initialParams = ({ numpy: np }: Jax, { config, seq }: Shape): Tree => {
  const { hidden, intermediate, layers, vocabSize } = config;
  const gated = config.activation.endsWith("-glu");
  let phase = 0;
  const weight = (...shape: number[]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    phase++;
    return np
      .array(Float32Array.from({ length: size }, (_, i) => 0.028 * Math.sin(phase + 12.9898 * i * i)))
      .reshape(shape);
  };
  const norm = (name: string) => ({ [`${name} gain`]: np.ones([hidden]), [`${name} bias`]: np.zeros([hidden]) });
  const params: Tree = {
    words: weight(vocabSize, hidden),
    places: weight(seq, hidden),
    ...norm("first"),
    ...norm("last"),
  };
  for (let layer = 0; layer < layers; layer++) {
    Object.assign(params, norm(`${layer} norm1`), norm(`${layer} norm2`), {
      [`${layer} qkv`]: weight(hidden, 3 * hidden),
      [`${layer} out`]: weight(hidden, hidden),
      [`${layer} up`]: weight(hidden, intermediate),
      [`${layer} down`]: weight(gated ? intermediate / 2 : intermediate, hidden),
    });
  }
  return params;
};

/** Mean cross entropy of the predicted rows. Consumes the parameters, borrows nothing else. */
const lossOf = (jax: Jax, { config, batch, seq }: Shape, p: Tree, [ids, positions, targets]: [Array, Array, Array]) => {
  const { numpy: np, nn, lax } = jax;
  const { hidden, heads, layers, vocabSize } = config;
  const gated = config.activation.endsWith("-glu");
  const dim = hidden / heads;
  const take = (name: string) => p[name]!;
  const norm = (x: Array, name: string) => {
    const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
    const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
    return centred
      .mul(np.reciprocal(np.sqrt(variance.add(1e-12))))
      .mul(take(`${name} gain`))
      .add(take(`${name} bias`));
  };
  const gelu = (x: Array) => x.ref.mul(0.5).mul(lax.erf(x.mul(Math.SQRT1_2)).add(1));
  let x = np.take(take("words").ref, ids, 0).reshape([batch, seq, hidden]).add(take("places"));
  x = norm(x, "first").reshape([batch * seq, hidden]);
  for (let layer = 0; layer < layers; layer++) {
    const qkv = np.matmul(norm(x.ref, `${layer} norm1`), take(`${layer} qkv`));
    const parts = np.split(qkv.reshape([batch, seq, heads, 3, dim]).transpose([3, 0, 2, 1, 4]), 3, 0);
    const [q, k, v] = parts.map((part) => part.reshape([batch, heads, seq, dim])) as [Array, Array, Array];
    const scores = nn.softmax(np.matmul(q, k.transpose([0, 1, 3, 2])).mul(dim ** -0.5), -1);
    const mixed = np
      .matmul(scores, v)
      .transpose([0, 2, 1, 3])
      .reshape([batch * seq, hidden]);
    x = x.add(np.matmul(mixed, take(`${layer} out`)));
    const up = np.matmul(norm(x.ref, `${layer} norm2`), take(`${layer} up`));
    const halves = gated ? np.split(up, 2, -1) : undefined;
    const inner = halves ? halves[0]!.mul(gelu(halves[1]!)) : gelu(up);
    x = x.add(np.matmul(inner, take(`${layer} down`)));
  }
  const rows = np.take(norm(x, "last"), positions, 0);
  const logs = nn.logSoftmax(np.matmul(rows, take("words").transpose()), -1);
  return np.mean(np.sum(logs.mul(nn.oneHot(targets, vocabSize)), -1)).mul(-1);
};

/** Gradient, clipping at a norm of 0.5 and AdamW. Without `jit`, which refuses the scatter of the embedding's gradient. */
const createStep = (jax: Jax, shape: Shape) => {
  const { numpy: np, tree, valueAndGrad } = jax;
  const batch = batchOf(shape);
  const data = [batch.inputIds, batch.positions, batch.targets].map((ids) => np.array(ids)) as [Array, Array, Array];
  let params = initialParams(jax, shape);
  const zeros = () => tree.map((x: Array) => np.zeros(x.shape), params) as unknown as Tree;
  let [mu, nu, count] = [zeros(), zeros(), 0];
  return async (): Promise<number> => {
    count++;
    const [loss, grads] = valueAndGrad((p: Tree) => lossOf(jax, shape, p, data.map((x) => x.ref) as typeof data))(
      tree.ref(params),
    ) as unknown as [Array, Tree];
    const squares = tree.leaves(tree.ref(grads)).map((g) => np.sum(np.square(g as Array)));
    const norm = np.sqrt(squares.reduce((a, b) => a.add(b)));
    const scale = np.minimum(np.reciprocal(norm.add(1e-6)).mul(0.5), 1);
    const next: [Tree, Tree, Tree] = [{}, {}, {}];
    for (const [name, param] of Object.entries(params)) {
      const g = grads[name]!.mul(scale.ref);
      const m = mu[name]!.mul(0.9).add(g.ref.mul(0.1));
      const v = nu[name]!.mul(0.98).add(np.square(g).mul(0.02));
      const root = np.sqrt(v.ref.mul(1 / (1 - 0.98 ** count))).add(1e-8);
      const update = m.ref.mul(1 / (1 - 0.9 ** count)).div(root);
      const decayed = param.ref.mul(1 - 1e-3 * 0.01);
      param.dispose();
      [next[0][name], next[1][name], next[2][name]] = [decayed.sub(update.mul(1e-3)), m, v];
    }
    scale.dispose();
    [params, mu, nu] = next;
    await jax.blockUntilReady(tree.leaves(params));
    return (await loss.data())[0]!;
  };
};

const measureShape = async (
  jax: Jax,
  device: "wasm" | "webgpu",
  shape: Shape,
  context: SuiteContext,
): Promise<void> => {
  const step = createStep(jax, shape);
  await context.measure({
    ...{ case: "training", shape: `${shape.name}, ${shape.batch} x ${shape.seq}`, unit: "tokens/s", limitMs: 1 },
    ...{ backend: `jax-js ${device}`, precision: "float32" },
    sync: async () => {}, // a step waits for its own end
    contestants: [
      {
        provider: `jax-js ${device}`,
        mode: "step",
        work: shape.batch * shape.seq,
        run: step,
        tolerance: 0,
        async check() {
          const before = await step();
          return (await step()) < before ? 0 : 1;
        },
      },
    ],
  });
};

export const jaxJsSuite: Suite = {
  name: "jax-js",
  describes: "an encoder of the same shape in jax-js, on its WebAssembly or WebGPU backend",
  hasShapes: true,
  async run(context) {
    const device = context.options.backend === "webgpu" ? "webgpu" : "wasm";
    const shapes = shapesOf(context.options);
    try {
      const jax = await import("@jax-js/jax");
      if (device === "webgpu") await provideDawn();
      const there = await jax.init(device);
      if (!there.includes(device)) throw new Error(`jax-js found no ${device}, only ${there.join(", ")}`);
      jax.defaultDevice(device);
      for (const shape of shapes) await measureShape(jax, device, shape, context);
    } catch (error) {
      if (isMissing(error)) context.skip("training", "jax-js", "not installed");
      else context.fail("training", `jax-js ${device}`, error);
    }
  },
};
