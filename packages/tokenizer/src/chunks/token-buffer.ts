/** Tokens of a text in typed arrays that grow; offsets are UTF-16 units of the text. */
export interface TokenBuffer {
  count: number;
  ids: Uint32Array;
  starts: Int32Array;
  ends: Int32Array;
  /**
   * Texts of tokens whose id does not tell it.
   *
   * @defaultValue none
   */
  surfaces?: Map<number, string>;
}

export const tokenBuffer = (): TokenBuffer => ({
  count: 0,
  ids: new Uint32Array(1024),
  starts: new Int32Array(1024),
  ends: new Int32Array(1024),
});

/** Makes room for `more` tokens after `count`. */
export const reserve = (buffer: TokenBuffer, more: number): void => {
  if (buffer.count + more <= buffer.ids.length) return;
  const length = Math.max(buffer.ids.length * 2, buffer.count + more);
  const { ids, starts, ends } = buffer;
  buffer.ids = new Uint32Array(length);
  buffer.ids.set(ids);
  buffer.starts = new Int32Array(length);
  buffer.starts.set(starts);
  buffer.ends = new Int32Array(length);
  buffer.ends.set(ends);
};
