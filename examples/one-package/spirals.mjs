// Two spirals, told apart by a small network in plain TensorFlow.js. Its own Adam, then optimizers of @cramkit/optim, from the
// same weights on the same points.
import assert from "node:assert/strict";
import { registerGradients } from "@cramkit/ops";
import { adamw, clip, muon } from "@cramkit/optim";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";

registerGradients(); // the Node build of tfjs-core has none; a browser's has them all

const points = Array.from({ length: 200 }, (_, i) => {
  const [turn, sign] = [(Math.floor(i / 2) / 100) * 2.5 * Math.PI + 0.5, i % 2 === 0 ? 1 : -1];
  return { at: [(sign * turn * Math.cos(turn)) / 8, (sign * turn * Math.sin(turn)) / 8], label: i % 2 };
});
const x = tf.tensor2d(points.map(({ at }) => at));
const y = tf.tensor2d(points.map(({ label }) => [label]));

const weights = () => ({
  "in.weight": tf.randomNormal([2, 32], 0, 1, "float32", 1),
  "in.bias": tf.randomNormal([32], 0, 1, "float32", 2),
  "middle.weight": tf.randomNormal([32, 32], 0, 0.2, "float32", 3),
  "middle.bias": tf.zeros([32]),
  "out.weight": tf.randomNormal([32, 1], 0, 0.2, "float32", 4),
});
const forward = (p) => {
  const first = tf.tanh(tf.add(tf.matMul(x, p["in.weight"]), p["in.bias"]));
  const second = tf.tanh(tf.add(tf.matMul(first, p["middle.weight"]), p["middle.bias"]));
  return tf.matMul(second, p["out.weight"]);
};
const lossOf = (p) => {
  const logits = forward(p);
  return tf.mean(tf.sub(tf.softplus(logits), tf.mul(logits, y)));
};
const rightIn = (p) =>
  tf.tidy(() => tf.mean(tf.cast(tf.equal(tf.cast(tf.greater(forward(p), 0), "float32"), y), "float32")).dataSync()[0]);

const steps = 250;
/** The optimizers of TensorFlow.js change variables; those of @cramkit/optim take a record and return its successor. */
const withTensorFlow = () => {
  const params = Object.fromEntries(Object.entries(weights()).map(([name, value]) => [name, tf.variable(value)]));
  const optimizer = tf.train.adam(0.01);
  for (let step = 0; step < steps; step++) optimizer.minimize(() => lossOf(params));
  return params;
};
const withCramkit = (optimizer) => {
  let params = weights();
  let state = optimizer.init(params);
  for (let step = 0; step < steps; step++) {
    const { grads } = gradients(params);
    const progress = { microbatch: step, step, examples: 0, tokens: 0, elapsedMs: 0, fraction: step / steps };
    ({ params, state } = optimizer.update(grads, state, params, progress));
  }
  return params;
};
const gradients = (params) => {
  const names = Object.keys(params);
  const grads = tf.tidy(() =>
    tf.grads((...values) => lossOf(Object.fromEntries(names.map((name, i) => [name, values[i]]))))(
      Object.values(params),
    ),
  );
  return { grads: Object.fromEntries(names.map((name, i) => [name, grads[i]])) };
};

/** Any function of the progress is a learning rate. */
const fall = (rate) => (progress) => rate * (1 - progress.fraction);
const results = {
  "tf.train.adam": withTensorFlow(),
  "adamw, falling rate, clipped": withCramkit(clip(adamw({ learningRate: fall(0.02) }), { maxNorm: 1 })),
  muon: withCramkit(muon({ learningRate: fall(0.05) })),
};
for (const [name, params] of Object.entries(results)) {
  const loss = tf.tidy(() => lossOf(params).dataSync()[0]);
  console.log(`${name.padEnd(30)} loss ${loss.toFixed(4)}, ${(100 * rightIn(params)).toFixed(1)} % right`);
  assert(rightIn(params) > 0.6, name);
}
