import type { Normalizer } from "../components.ts";
import { mapCodePoints } from "../text/aligned-text.ts";

const removed = (code: number) =>
  (code >= 1 && code <= 8) ||
  code === 0x0b ||
  (code >= 0x0e && code <= 0x1f) ||
  code === 0x7f ||
  code === 0x8f ||
  code === 0x9f;

const spaces = /* @__PURE__ */ new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1680, 0x2028, 0x2029, 0x2581, 0xfeff, 0xfffd]);

/** The clean-up of the NMT models of SentencePiece: control characters go, kinds of space become spaces. */
export const nmtNormalizer: Normalizer = (t) =>
  mapCodePoints(t, (character, code) =>
    removed(code) ? "" : spaces.has(code) || (code >= 0x200b && code <= 0x200f) ? " " : character,
  );
