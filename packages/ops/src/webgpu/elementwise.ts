import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, sizeOf } from "./host.ts";
import { partOf, partsOf } from "./parts.ts";
import { grid, type Program, program } from "./program.ts";

export interface Elementwise {
  key: string;
  /** Inputs, then outputs; an output that is also read is declared `write`. */
  storage: Readonly<Record<string, "read" | "write">>;
  uniforms?: Readonly<Record<string, "u32" | "i32" | "f32">>;
  /** Module scope; `T` is the element type, `f32` or `vec4<f32>`. */
  declare?: string;
  /** For element `i` (of type T); `uniforms.first` is the number of the part's first element of type T. */
  main: string;
}

/** An elementwise shader, on vectors of four where the length allows it. Uniforms: those given, then count and first. */
const elementwiseProgram = (e: Elementwise, vectors: boolean): Program =>
  program({
    key: `${e.key}.${vectors ? "vec4" : "scalar"}`,
    storage: Object.fromEntries(Object.entries(e.storage).map(([name, access]) => [name, [access, "T"] as const])),
    uniforms: { ...e.uniforms, count: "u32", first: "u32" },
    size: 256,
    declare: `alias T = ${vectors ? "vec4<f32>" : "f32"};\n${e.declare ?? ""}`,
    main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
${e.main.trim()}`,
  });

/** Runs an elementwise kernel over tensors of one size, in the order of `storage`. */
export function elementwise(
  host: Host,
  e: Elementwise,
  tensors: readonly TensorInfo[],
  uniforms: Readonly<Record<string, number>> = {},
): void {
  const size = sizeOf(tensors[0]!);
  const width = size % 4 === 0 ? 4 : 1;
  const shader = elementwiseProgram(e, width === 4);
  for (const part of partsOf(host, size / width, width * 4)) {
    host.dispatch(
      shader,
      tensors.map((tensor) => partOf(tensor, size / width, width * 4, part)),
      { ...uniforms, count: part.count, first: part.first },
      grid(Math.ceil(part.count / 256)),
    );
  }
}
