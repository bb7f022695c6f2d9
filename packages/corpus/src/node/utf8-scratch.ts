/** Longer texts get memory of their own. */
const keptUnits = 1 << 20;

/**
 * Makes bytes of texts, again and again in the same memory: they are valid until the next text. A text that was the last one is not
 * encoded again. Half a pair of units becomes U+FFFD.
 */
export const utf8Scratch = (): ((text: string) => Buffer) => {
  const encoder = new TextEncoder();
  let scratch = Buffer.alloc(0);
  let last = { text: "", bytes: scratch };
  return (text) => {
    if (last.text === text) return last.bytes;
    if (text.length > keptUnits) last = { text, bytes: Buffer.from(text) };
    else {
      if (3 * text.length > scratch.length)
        scratch = Buffer.allocUnsafeSlow(Math.max(2 * scratch.length, 3 * text.length));
      last = { text, bytes: scratch.subarray(0, encoder.encodeInto(text, scratch).written) };
    }
    return last.bytes;
  };
};
