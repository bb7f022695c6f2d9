/** Calls `visit` with the hash of each run of words until it says true; returns the end of that run, or -1. */
export type RunScanner = (text: string, visit: (high: number, low: number) => boolean) => number;

const [baseHigh, baseLow] = [0x85ebca6b, 0xc2b2ae35];

/** Words are runs of letters and digits, compared in lower case. */
export const createRunScanner = (words: number): RunScanner => {
  const codes = Uint16Array.from({ length: 0x10000 }, (_, code) => wordCode(code));
  const ring = new Int32Array(words);
  const topHigh = power(baseHigh, words);
  const topLow = power(baseLow, words);
  return (text, visit) => {
    let count = 0;
    let high = 0;
    let low = 0;
    let word = 0; // the hash of the current word, 0 between words
    for (let index = 0; index <= text.length; index++) {
      const letter = index < text.length ? (codes[text.charCodeAt(index)] as number) : 0;
      if (letter !== 0) {
        word = Math.imul((word === 0 ? 0x811c9dc5 : word) ^ letter, 0x01000193) || 1;
        continue;
      }
      if (word === 0) continue;
      const mixed = mix(word);
      const slot = count % words;
      const leaving = count >= words ? (ring[slot] as number) : 0;
      ring[slot] = mixed;
      high = (Math.imul(high, baseHigh) + mixed - Math.imul(leaving, topHigh)) | 0;
      low =
        (Math.imul(low, baseLow) + (mixed ^ 0x5bd1e995) - Math.imul(leaving === 0 ? 0 : leaving ^ 0x5bd1e995, topLow)) |
        0;
      word = 0;
      if (++count >= words && visit(mix(high) >>> 0, mix(low) >>> 0)) return index;
    }
    return -1;
  };
};

/** The code of a letter, digit or accent in lower case, 0 for anything else. Halves of surrogate pairs count as letters. */
const wordCode = (code: number): number => {
  if (code >= 97 && code <= 122) return code;
  if (code >= 65 && code <= 90) return code + 32;
  if (code >= 48 && code <= 57) return code;
  if (code < 128) return 0;
  const sign = String.fromCharCode(code);
  return /[\p{L}\p{M}\p{N}\p{Cs}]/u.test(sign) ? sign.toLowerCase().charCodeAt(0) : 0;
};

const mix = (value: number): number => {
  const mixed = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
};

const power = (base: number, exponent: number): number => {
  let result = 1;
  for (let index = 0; index < exponent; index++) result = Math.imul(result, base);
  return result;
};
