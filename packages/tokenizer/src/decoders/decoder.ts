/** Rewrites tokens into pieces of text; the pieces are joined without anything between them. */
export type Decoder = (tokens: string[]) => string[];
