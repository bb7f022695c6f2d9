import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/**
 * The folder of the benchmarks, or of the unpacked bundle, whose program lies one folder deep instead of two: both hold
 * `peers/`, and results go to `results/`.
 */
export const root =
  [join(here, ".."), join(here, "..", "..")].find((folder) => existsSync(join(folder, "peers", "pytorch.py"))) ??
  join(here, "..");
