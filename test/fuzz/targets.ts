import { manifest } from "./manifest.ts";
import { recipe } from "./recipe.ts";
import { safetensors } from "./safetensors.ts";
import type { FuzzTarget } from "./target.ts";

/** Parsers that have no fuzz target in their own package (`corpus` and `tokenizer` have). */
export const fuzzTargets: readonly FuzzTarget[] = [safetensors, manifest, recipe];
