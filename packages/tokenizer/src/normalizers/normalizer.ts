import type { AlignedText } from "../text/aligned-text";

/** Rewrites text. */
export type Normalizer = (text: AlignedText) => AlignedText;
