import type { Recipe } from "@cramkit/recipes";
import { type Command, Option } from "commander";
import { wholeNumber } from "./whole-number.ts";

/** As many as a machine may have cores: more would only be memory. */
const maxThreads = 256;

/** Options of every command that computes. */
export interface BackendOptions {
  readonly backend: Recipe["backend"]["name"];
  readonly precision: Recipe["backend"]["precision"];
  /**
   * Value of `--threads`.
   *
   * @defaultValue chosen by the backend
   */
  readonly threads?: number;
  readonly products: Recipe["backend"]["products"];
  /**
   * Value of `--library`.
   *
   * @defaultValue the first known one that is found
   */
  readonly library?: string;
  /**
   * Whether `--allow-software` was given.
   *
   * @defaultValue `false`
   */
  readonly allowSoftware?: boolean;
}

/** Adds the options that name a backend. */
export const withBackend = (command: Command, usual: Recipe["backend"]["name"] = "cpu"): Command =>
  command
    .addOption(
      new Option("--backend <name>", "backend to compute on")
        .choices(["auto", "cpu", "webgpu", "cuda", "tensorflow"])
        .default(usual),
    )
    .addOption(new Option("--precision <name>", "numeric precision").choices(["float32", "mixed"]).default("float32"))
    .option("--threads <count>", "threads of the CPU backend (default: one per core)", wholeNumber(1, maxThreads))
    .addOption(
      new Option(
        "--products <name>",
        "matrix products of the cpu backend: ours, the same bits everywhere, or a library's",
      )
        .choices(["wasm", "library", "auto"])
        .default("auto"),
    )
    .option("--library <file>", "the library for them; default: the first that is found")
    .option("--allow-software", "accept a software WebGPU adapter (correct but slow)");

export const backendOf = ({ backend, precision, threads, products, library }: BackendOptions): Recipe["backend"] => {
  return {
    name: backend,
    precision,
    threads: threads ?? null,
    products,
    library: library ?? null,
    recordSteps: true,
  };
};
