import type { Recipe } from "@cramkit/recipes";
import { type Command, Option } from "commander";

/** Options of every command that computes. */
export interface BackendOptions {
  readonly backend: Recipe["backend"]["name"];
  readonly precision: Recipe["backend"]["precision"];
  readonly threads?: string;
  readonly products: Recipe["backend"]["products"];
  readonly library?: string;
  readonly allowSoftware?: boolean;
}

/** Adds the options that name a backend. */
export const withBackend = (command: Command, usual: Recipe["backend"]["name"] = "cpu"): Command =>
  command
    .addOption(
      new Option("--backend <name>", "what computes").choices(["auto", "cpu", "webgpu", "tensorflow"]).default(usual),
    )
    .addOption(new Option("--precision <name>", "of the computation").choices(["float32", "mixed"]).default("float32"))
    .option("--threads <count>", "of the cpu backend; default: all cores")
    .addOption(
      new Option(
        "--products <name>",
        "matrix products of the cpu backend: ours, the same bits everywhere, or a library's",
      )
        .choices(["wasm", "library", "auto"])
        .default("auto"),
    )
    .option("--library <file>", "the library for them; default: the first that is found")
    .option("--allow-software", "accept a WebGPU adapter that is a CPU: right, but slow");

export const backendOf = ({ backend, precision, threads, products, library }: BackendOptions): Recipe["backend"] => {
  if (threads !== undefined && !/^[1-9]\d*$/.test(threads))
    throw new RangeError(`--threads: expected a number above 0, got ${threads}`);
  return {
    name: backend,
    precision,
    threads: threads === undefined ? null : Number(threads),
    products,
    library: library ?? null,
  };
};
