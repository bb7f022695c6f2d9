// Every exported kernel has the signature (args, task, thread): `args` points to the parameters of the job, which all
// threads share: 32 integers (or addresses), then 16 floats.

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
  return load<f32>(args + 128 + (<usize>i << 2));
}
