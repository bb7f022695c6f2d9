/** Puts Dawn where a browser has WebGPU, for libraries that look there: `navigator.gpu`. */
export const provideDawn = async (): Promise<GPU> => {
  const dawn = (await import("webgpu")) as unknown as { globals: object; create(args: string[]): GPU };
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create(["enable-dawn-features=allow_unsafe_apis"]);
  Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "node" }, configurable: true });
  return gpu;
};
