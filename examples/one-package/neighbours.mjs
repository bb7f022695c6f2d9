// Nearest neighbours in plain TensorFlow.js, first on its own CPU backend, then on that of @cramkit/backend. Nothing else changes.
import assert from "node:assert/strict";
import { startBackend } from "@cramkit/backend";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";

const [count, width] = [1500, 256];

/** For each of `count` unit vectors, the index of the one that is nearest to it: `[count]` */
const neighbours = async () => {
  const began = performance.now();
  const nearest = tf.tidy(() => {
    const vectors = tf.randomNormal([count, width], 0, 1, "float32", 7);
    const unit = tf.div(vectors, tf.norm(vectors, 2, 1, true));
    const similarity = tf.sub(tf.matMul(unit, unit, false, true), tf.mul(tf.eye(count), 2));
    return tf.argMax(similarity, 1);
  });
  const answer = Array.from(await nearest.data());
  nearest.dispose();
  return { answer, seconds: (performance.now() - began) / 1000 };
};

await tf.setBackend("cpu");
const theirs = await neighbours();
console.log(`tfjs-backend-cpu: ${theirs.seconds.toFixed(2)} s`);
const backend = await startBackend("cpu");
const ours = await neighbours();
console.log(`${backend.description}: ${ours.seconds.toFixed(2)} s`);
backend.dispose();

// Sums in another order may turn a tie around.
const different = ours.answer.filter((one, i) => one !== theirs.answer[i]).length;
assert(different <= 2, `expected the same neighbours, got ${different} others`);
