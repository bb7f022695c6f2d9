const PAGE = 256;

/** Tests whether a character is in a set, an operand of a class; answers are kept, in pages of 256 characters. */
export const setTest = (set: string): ((code: number) => boolean) => {
  const single = /^(?:([A-Za-z0-9])|\\u\{([0-9a-f]+)\})$/.exec(set);
  if (single) {
    const own = single[1] ? single[1].charCodeAt(0) : Number.parseInt(single[2]!, 16);
    return (code) => code === own;
  }
  const pattern = new RegExp(`^[${set}]$`, "v");
  const pages: (Uint8Array | undefined)[] = [];
  return (code) => {
    // 0 not asked yet, 1 no, 2 yes.
    const page = (pages[code >> 8] ??= new Uint8Array(PAGE));
    return (page[code & (PAGE - 1)] ||= pattern.test(String.fromCodePoint(code)) ? 2 : 1) === 2;
  };
};
