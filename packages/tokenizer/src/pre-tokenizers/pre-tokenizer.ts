import type { AlignedText } from "../text/aligned-text";

/** Cuts text into the pieces that the model sees one at a time. `first`: this is the beginning of the input. */
export type PreTokenizer = (text: AlignedText, first: boolean) => AlignedText[];
