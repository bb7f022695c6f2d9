import { fault } from "@cramkit/errors";

/** The tokens of a text, or of two, with the special tokens of the template: arrays of one length. */
export interface Encoding {
  ids: number[];
  /** 0 or 1: the segment of a pair, as the template says. */
  typeIds: number[];
  tokens: string[];
  /** `[start, end]` in the text, in code points as Hugging Face counts, or in UTF-16 units if asked for; `[0, 0]` for what was put in. */
  offsets: [number, number][];
  /** 1 for tokens that the template or padding put in. */
  specialTokensMask: number[];
  /** 0 for padding. */
  attentionMask: number[];
}

export interface TruncationOptions {
  /** Tokens including those of the template. */
  maxLength: number;
  /**
   * Which of two texts is shortened.
   *
   * @defaultValue `"longest-first"`
   */
  strategy?: "longest-first" | "only-first" | "only-second";
  /**
   * The end that is cut off.
   *
   * @defaultValue `"right"`
   */
  direction?: "right" | "left";
}

export interface PaddingOptions {
  /** A length, or that of the longest of the batch. */
  length: number | "longest";
  /**
   * Round the length up to a multiple of this.
   *
   * @defaultValue any length
   */
  multipleOf?: number;
  /**
   * The end that is filled up.
   *
   * @defaultValue `"right"`
   */
  direction?: "right" | "left";
  /**
   * Id of the padding token.
   *
   * @defaultValue `0`
   */
  id?: number;
  /**
   * The padding token.
   *
   * @defaultValue `"[PAD]"`
   */
  token?: string;
  /**
   * Segment of the padding.
   *
   * @defaultValue `0`
   */
  typeId?: number;
}

const padEncoding = (encoding: Encoding, length: number, padding: PaddingOptions): void => {
  const missing = length - encoding.ids.length;
  if (missing <= 0) return;
  const { id = 0, token = "[PAD]", typeId = 0, direction = "right" } = padding;
  const pad = <T>(array: T[], value: () => T) => {
    const content = direction === "left" ? array.splice(0) : [];
    for (let i = 0; i < missing; i++) array.push(value());
    for (const item of content) array.push(item);
  };
  pad(encoding.ids, () => id);
  pad(encoding.typeIds, () => typeId);
  pad(encoding.tokens, () => token);
  pad(encoding.offsets, () => [0, 0]);
  pad(encoding.specialTokensMask, () => 1);
  pad(encoding.attentionMask, () => 0);
};

export const padBatch = (encodings: Encoding[], padding: PaddingOptions): void => {
  let length =
    padding.length === "longest" ? encodings.reduce((most, { ids }) => Math.max(most, ids.length), 0) : padding.length;
  const { multipleOf = 0 } = padding;
  if (multipleOf > 0) length = Math.ceil(length / multipleOf) * multipleOf;
  for (const encoding of encodings) padEncoding(encoding, length, padding);
};

/** How many tokens of each text stay: `lengths` are what there is, `room` what the template leaves. */
export const truncatedLengths = (
  lengths: [number, number?],
  room: number,
  strategy: TruncationOptions["strategy"],
): [number, number] => {
  const [a, b = 0] = lengths;
  const excess = a + b - room;
  if (excess <= 0) return [a, b];
  if (room === 0) return [0, 0];
  const isPair = lengths.length === 2;
  if (strategy === "only-first" || strategy === "only-second") {
    if (strategy === "only-second" && !isPair) {
      throw fault({
        code: "invalid-argument",
        place: "encode",
        problem: 'truncation "only-second" expects a pair, got one text',
        remedy: "use encodePair or another strategy",
        type: RangeError,
      });
    }
    const target = strategy === "only-first" ? a : b;
    if (target <= excess) {
      throw fault({
        code: "invalid-argument",
        place: "encode",
        problem: `truncation "${strategy}" cannot remove ${excess} of ${target} tokens`,
        remedy: 'raise maxLength or use "longest-first"',
        type: RangeError,
      });
    }
    return strategy === "only-first" ? [a - excess, b] : [a, b - excess];
  }
  if (!isPair) return [room, 0];
  const [shorter, longer] = a <= b ? [a, b] : [b, a];
  let small = shorter;
  let large = small > room ? small : Math.max(small, room - small);
  if (small + large > room) {
    small = Math.floor(room / 2);
    large = small + (room % 2);
  }
  large = Math.min(large, longer);
  return a <= b ? [small, large] : [large, small];
};
