import { FLOATS_AT } from "../src/layout";

// Every exported kernel has the signature (args, task, thread): `args` points to the parameters of the job, which all
// threads share: integers (or addresses), then floats, as many as `src/layout.ts` says.

// @ts-ignore: decorator
@inline
export function int(args: usize, i: i32): i32 {
  return load<i32>(args + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function address(args: usize, i: i32): usize {
  return load<u32>(args + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function float(args: usize, i: i32): f32 {
  return load<f32>(args + <usize>FLOATS_AT + (<usize>i << 2));
}
