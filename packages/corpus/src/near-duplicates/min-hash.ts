import { checkOptions, fault, type KnownOptions } from "@cramkit/errors";
import { randomStream, streamKey } from "@cramkit/random";
import { createRunScanner } from "../filters/run-scanner.ts";

export interface MinHashOptions {
  /**
   * Words of a shingle: documents are compared as sets of so many words in a row, in lower case, without signs.
   * @defaultValue `5`
   */
  words?: number;
  /**
   * Parts of a signature: documents that agree in all of one are taken for near-duplicates.
   * @defaultValue `14`
   */
  bands?: number;
  /**
   * Hashes of a band.
   * @defaultValue `8`
   */
  rows?: number;
  /**
   * Decides the permutations.
   * @defaultValue `0`
   */
  seed?: number;
}

export const minHashOptions: KnownOptions<MinHashOptions> = { words: true, bands: true, rows: true, seed: true };

/** What MinHash makes of a text. */
export interface MinHash {
  /**
   * `[bands * rows]`, entry i the least value of permutation i over the shingles of the text: two texts agree in an entry
   * with the probability of their Jaccard index. Undefined for a text of fewer words than a shingle, which is like no other.
   */
  signature(text: string): Uint32Array | undefined;
  /** `[bands * 2]`, 64 bits a band, equal if and only if its rows are equal, up to chance. */
  bandKeys(signature: Uint32Array): Uint32Array;
}

/**
 * MinHash (Broder, 1997) over runs of words, with the values of FineWeb (Penedo et al., arXiv 2406.17557, section 3.4): 112
 * permutations, in 14 bands of 8. Texts of Jaccard index s agree in a band with the probability 1 - (1 - s^rows)^bands: 0.92
 * for 0.8, 0.77 for 0.75, 0.05 for 0.5. A permutation is a bijection of 32 bits (an odd factor, a summand and the finalizer of
 * MurmurHash3) over a hash of the shingle.
 */
export const minHash = (options: MinHashOptions = {}): MinHash => {
  checkOptions("minHash", options, minHashOptions);
  const { words = 5, bands = 14, rows = 8, seed = 0 } = options;
  for (const [name, value] of Object.entries({ words, bands, rows })) {
    if (!(Number.isInteger(value) && value > 0 && value <= 1000))
      throw fault({
        code: "invalid-argument",
        place: "minHash",
        problem: `expected ${name} of 1 to 1000, got ${value}`,
        type: RangeError,
      });
  }
  const scan = createRunScanner(words);
  const { bits } = randomStream(streamKey(seed, "corpus/min-hash"));
  const count = bands * rows;
  const factors = Int32Array.from({ length: count }, (_, i) => bits(2 * i) | 1);
  const summands = Int32Array.from({ length: count }, (_, i) => bits(2 * i + 1));
  return {
    signature(text) {
      const least = new Uint32Array(count).fill(0xffffffff);
      let isEmpty = true;
      scan(text, (high, low) => {
        isEmpty = false;
        const shingle = finalize(high ^ Math.imul(low, 0x9e3779b1));
        for (let i = 0; i < count; i++) {
          const value = finalize((Math.imul(shingle, factors[i] as number) + (summands[i] as number)) | 0);
          if (value < (least[i] as number)) least[i] = value;
        }
        return false;
      });
      return isEmpty ? undefined : least;
    },
    bandKeys(signature) {
      const keys = new Uint32Array(2 * bands);
      for (let band = 0; band < bands; band++) {
        let [high, low] = [band, ~band];
        for (let row = 0; row < rows; row++) {
          const value = signature[band * rows + row] as number;
          high = finalize(Math.imul(high, 0x85ebca6b) ^ value);
          low = finalize((Math.imul(low, 0xc2b2ae35) + value) | 0);
        }
        keys[2 * band] = high;
        keys[2 * band + 1] = low;
      }
      return keys;
    },
  };
};

/** The finalizer of MurmurHash3: a bijection of 32 bits. */
const finalize = (value: number): number => {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};
