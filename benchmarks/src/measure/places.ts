import { fileURLToPath } from "node:url";

/** The folder of the benchmarks, or of the unpacked bundle: both hold `peers/`, and results go to `results/`. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
