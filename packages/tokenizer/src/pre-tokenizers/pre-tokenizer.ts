import type { AlignedText } from "../text/aligned-text.ts";

/** Cuts text into the pieces that the model sees one at a time. */
export type PreTokenizer = (text: AlignedText) => AlignedText[];
