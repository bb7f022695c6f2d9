/**
 * Text that remembers where it came from. Normalizers and pre-tokenizers rewrite `text`; `from[i]` and `to[i]` keep the
 * range of UTF-16 units in the original that unit `i` stands for. Without the arrays the text is the original itself,
 * starting at `base`, which is the common case and costs nothing.
 */
export interface AlignedText {
  readonly text: string;
  readonly base: number;
  /**
   * Start in the original text of each UTF-16 unit.
   *
   * @defaultValue the text is unchanged
   */
  readonly from?: Int32Array;
  /**
   * End in the original text of each UTF-16 unit.
   *
   * @defaultValue the text is unchanged
   */
  readonly to?: Int32Array;
}

export const alignedText = (text: string, base = 0): AlignedText => ({ text, base });

/** Start in the original of the character that begins at unit `i`. */
export const originalStart = (t: AlignedText, i: number) => (t.from ? t.from[i]! : t.base + i);

/** End in the original of the character whose last unit is `i - 1`. */
export const originalEnd = (t: AlignedText, i: number) => (t.to ? t.to[i - 1]! : t.base + i);

export const sliceText = (t: AlignedText, start: number, end: number): AlignedText => {
  if (start === 0 && end === t.text.length) return t;
  const text = t.text.slice(start, end);
  if (!t.from) return { text, base: t.base + start };
  return { text, base: t.base, from: t.from.subarray(start, end), to: t.to!.subarray(start, end) };
};

/** The same number of units, each standing for the same range as before. */
export const withText = (t: AlignedText, text: string): AlignedText => (text === t.text ? t : { ...t, text });

/** Collects rewritten text piece by piece; every piece names the units of the source that it stands for. */
export function textBuilder(source: AlignedText) {
  const parts: string[] = [];
  const from: number[] = [];
  const to: number[] = [];
  return {
    /** Appends `text`, aligned to units `start..end` of the source. */
    add(text: string, start: number, end: number) {
      this.addRange(text, originalStart(source, start), originalEnd(source, end));
    },
    /** Appends `text`, aligned to `start..end` of the original. */
    addRange(text: string, start: number, end: number) {
      if (text === "") return;
      parts.push(text);
      for (let i = 0; i < text.length; i++) {
        from.push(start);
        to.push(end);
      }
    },
    /** Copies units `start..end` of the source, each with its own alignment. */
    copy(start: number, end: number) {
      if (start >= end) return;
      parts.push(source.text.slice(start, end));
      for (let i = start; i < end; i++) {
        from.push(source.from ? source.from[i]! : source.base + i);
        to.push(source.to ? source.to[i]! : source.base + i + 1);
      }
    },
    build(): AlignedText {
      return { text: parts.join(""), base: source.base, from: Int32Array.from(from), to: Int32Array.from(to) };
    },
  };
}

/** Replaces every code point by the text that `map` gives for it (the empty string removes it), alignment kept. */
export const mapCodePoints = (t: AlignedText, map: (character: string, codePoint: number) => string): AlignedText => {
  const { text } = t;
  let i = 0;
  while (i < text.length) {
    const code = text.codePointAt(i)!;
    const character = String.fromCodePoint(code);
    if (map(character, code) !== character) break;
    i += character.length;
  }
  if (i === text.length) return t;
  const out = textBuilder(t);
  out.copy(0, i);
  while (i < text.length) {
    const code = text.codePointAt(i)!;
    const character = String.fromCodePoint(code);
    const mapped = map(character, code);
    const end = i + character.length;
    if (mapped === character) out.copy(i, end);
    else out.add(mapped, i, end);
    i = end;
  }
  return out.build();
};

const surrogates = /\p{Surrogate}/gu;

/** Replaces lone surrogates, which no encoding can carry, by U+FFFD; lengths and offsets stay. */
export const wellFormed = (text: string & { isWellFormed?(): boolean }): string =>
  text.isWellFormed?.() ? text : text.replace(surrogates, "\ufffd");

const nonAscii = /[\u0080-\uffff]/;

export const isAscii = (text: string) => !nonAscii.test(text);
