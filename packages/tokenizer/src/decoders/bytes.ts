import type { Decoder } from "../components.ts";
import { byteCharacters } from "../text/byte-characters.ts";

/** Undoes the byte-level spelling; bytes that are not UTF-8 become U+FFFD. */
export const byteLevelDecoder = (): Decoder => {
  const byteOf = new Map(byteCharacters().map((character, byte) => [character, byte]));
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return (tokens) => {
    const bytes: number[] = [];
    for (const token of tokens) {
      const spelled = Array.from(token, (character) => byteOf.get(character));
      for (const byte of spelled.includes(undefined) ? encoder.encode(token) : spelled) bytes.push(byte!);
    }
    return [decoder.decode(Uint8Array.from(bytes))];
  };
};

/** Joins runs of tokens such as `<0x41>` into text; a run that is not UTF-8 becomes one U+FFFD for each byte. */
export const byteFallbackDecoder = (): Decoder => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  return (tokens) => {
    const out: string[] = [];
    let run: number[] = [];
    const flush = () => {
      if (run.length === 0) return;
      try {
        out.push(decoder.decode(Uint8Array.from(run)));
      } catch {
        for (const _ of run) out.push("\ufffd");
      }
      run = [];
    };
    for (const token of tokens) {
      const match = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
      if (match) {
        run.push(Number.parseInt(match[1]!, 16));
      } else {
        flush();
        out.push(token);
      }
    }
    flush();
    return out;
  };
};
