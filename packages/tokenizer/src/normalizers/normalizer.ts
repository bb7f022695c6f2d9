import type { AlignedText } from "../text/aligned-text.ts";

/** Rewrites text. */
export type Normalizer = (text: AlignedText) => AlignedText;
