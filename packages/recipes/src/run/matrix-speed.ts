import { matMul, ones } from "@tensorflow/tfjs-core";
import { disposeTensors } from "../named-tensors.ts";

const [rows, width, tries] = [512, 768, 3];

/** Floating-point operations a second on the current backend, in a product of the size of a small microbatch: the best of some tries. */
export const matrixSpeed = async (): Promise<number> => {
  const [left, right] = [ones([rows, width]), ones([width, width])];
  const multiply = async () => {
    const startedAt = performance.now();
    const product = matMul(left, right);
    await product.data();
    product.dispose();
    return (performance.now() - startedAt) / 1000;
  };
  await multiply(); // compiles
  const seconds: number[] = [];
  for (let i = 0; i < tries; i++) seconds.push(await multiply());
  disposeTensors({ left, right });
  return (2 * rows * width * width) / Math.min(...seconds);
};
