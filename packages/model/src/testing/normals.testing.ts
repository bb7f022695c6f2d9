import { fillNormal, streamKey } from "@cramkit/random";

/** For tests: draws of N(0, std), a function of their path: `[count]`. */
export const normals = (count: number, std: number, ...path: (string | number)[]): Float32Array => {
  const values = new Float32Array(count);
  fillNormal(streamKey(1, ...path), values, { std });
  return values;
};
