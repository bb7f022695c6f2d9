import { isAscii, isUtf8 } from "node:buffer";
import type { BadReason } from "../../read-report.ts";

/** The names of encodings other than UTF-8 that a text file may have, as the WHATWG's standard has them. */
export const isEncoding = (name: string): boolean => {
  try {
    new TextDecoder(name);
    return true;
  } catch {
    return false;
  }
};

/** Bytes of another encoding as UTF-8, in chunks. Bytes that the encoding does not have throw a TypeError. */
export async function* asUtf8(chunks: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (text.length > 0) yield Buffer.from(text);
  }
  const rest = decoder.decode();
  if (rest.length > 0) yield Buffer.from(rest);
}

/** What is wrong with bytes that are not UTF-8: the first of them, the encoding that it looks like, and what to do. */
export const invalidUtf8 = (bytes: Uint8Array, place = ""): BadReason => {
  const at = firstInvalid(bytes);
  const byte = (bytes[at] ?? 0).toString(16).padStart(2, "0");
  const isLatin1 = looksLikeLatin1(bytes);
  const guess = isLatin1 ? "; it looks like Latin-1" : "";
  return {
    reason: `invalid UTF-8${place} (byte 0x${byte} after ${at} bytes of the record${guess})`,
    remedy: isLatin1 ? 'set encoding to "latin1"' : "set encoding if the file has another one",
    option: "encoding",
  };
};

/** Of the beginning of a text, enough to tell its encoding by. */
const judgedBytes = 1 << 12;

/** The name of the kind of UTF-16 that bytes without a mark look like: every other byte of common letters is zero. */
export const looksLikeUtf16 = (bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined => {
  const length = Math.min(bytes.length, judgedBytes) & ~1;
  if (length < 16) return undefined;
  const zeros = [0, 0];
  for (let at = 0; at < length; at++) if (bytes[at] === 0) zeros[at & 1]!++;
  const [even, odd] = zeros as [number, number];
  const [many, few] = [0.2 * length, 0.01 * length]; // of a half each
  if (odd >= many && even <= few) return "utf-16le";
  return even >= many && odd <= few ? "utf-16be" : undefined;
};

/** The longest beginning that is valid, found by halving. */
const firstInvalid = (bytes: Uint8Array): number => {
  // A beginning may end inside a character: up to three bytes more are given to find out.
  const isValid = (length: number) => {
    for (let cut = 0; cut < 4 && cut <= length; cut++) if (isUtf8(bytes.subarray(0, length - cut))) return true;
    return false;
  };
  let [valid, invalid] = [0, bytes.length];
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (isValid(middle)) valid = middle;
    else invalid = middle;
  }
  while (valid > 0 && !isUtf8(bytes.subarray(0, valid))) valid--;
  return valid;
};

/** Most bytes are ASCII; the others are letters and signs of Western Europe, and stand between ASCII. */
const looksLikeLatin1 = (bytes: Uint8Array): boolean => {
  if (isAscii(bytes)) return false;
  const length = Math.min(bytes.length, 1 << 16);
  let [others, western] = [0, 0];
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] as number;
    if (byte < 128) continue;
    others++;
    const isBetweenOthers = (bytes[at - 1] ?? 0) >= 128 && (bytes[at + 1] ?? 0) >= 128;
    if ((byte >= 0xc0 || westernSigns.includes(byte)) && !isBetweenOthers) western++;
  }
  return western >= 0.7 * others && others <= 0.3 * length;
};

/** Quotation marks, dashes, a fixed space and the like, of Windows-1252. */
const westernSigns = [0x80, 0x91, 0x92, 0x93, 0x94, 0x96, 0x97, 0xa0, 0xa3, 0xa7, 0xab, 0xb0, 0xb4, 0xbb];
