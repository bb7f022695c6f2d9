/**
 * WGSL for a sum or maximum over the `size` invocations of a workgroup, by halving in workgroup memory: the order is the
 * same on every device and every run. `scratch` is declared by {@link reduceScratch}; all invocations get the result.
 */

export const reduceScratch = (size: number, type = "f32"): string => `var<workgroup> scratch: array<${type}, ${size}>;`;

export const reduceFunction = (size: number, operation: "sum" | "max", type = "f32"): string => {
  const name = operation === "sum" ? "workgroupSum" : "workgroupMax";
  const combine =
    operation === "sum" ? "scratch[lane] + scratch[lane + step]" : "max(scratch[lane], scratch[lane + step])";
  return `fn ${name}(lane: u32, value: ${type}) -> ${type} {
  scratch[lane] = value;
  workgroupBarrier();
  for (var step = ${size / 2}u; step > 0u; step = step / 2u) {
    if (lane < step) { scratch[lane] = ${combine}; }
    workgroupBarrier();
  }
  let result = scratch[0];
  workgroupBarrier();
  return result;
}`;
};
