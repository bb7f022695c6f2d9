const astral = /[\ud800-\udfff]/;

/** Turns UTF-16 offsets of `text` into code point offsets; undefined if the two are the same. */
export const codePointOffsets = (text: string): Int32Array | undefined => {
  if (!astral.test(text)) return undefined;
  const index = new Int32Array(text.length + 1);
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    index[i] = count;
    const unit = text.charCodeAt(i);
    const next = text.charCodeAt(i + 1);
    // The second unit of a pair counts as the position of the pair.
    if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) index[++i] = count;
    count++;
  }
  index[text.length] = count;
  return index;
};
