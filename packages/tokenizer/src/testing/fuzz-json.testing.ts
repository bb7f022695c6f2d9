import fc from "fast-check";
import { tokenizerFromJson } from "../index.ts";
import { anyRegex } from "./any-regex.testing.ts";

/** What may stand anywhere in a document, hostile values among them. */
const anyValue = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 0.5, 2 ** 31, 2 ** 53, 1e300, "", "__proto__", "constructor"),
  fc.constantFrom<unknown>("\ud800", "\0", "a", "##", "<unk>", [], {}, [[]], [["a", 1]], { type: "Sequence" }),
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.dictionary(fc.string({ maxLength: 3 }), fc.nat(9), { maxKeys: 3 }),
  anyRegex.map((Regex) => ({ Regex })),
);

/** A value of any kind, or mostly one of the kind that is there, so that many documents are taken. */
const anyChange = fc.record({
  any: anyValue,
  keepsKind: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
  number: fc.nat(300),
  string: fc.oneof(fc.string({ unit: "binary", maxLength: 4 }), anyRegex),
  boolean: fc.boolean(),
});

type Change = typeof anyChange extends fc.Arbitrary<infer T> ? T : never;

const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "the ",
        "captain",
        "\n",
        "  ",
        "<s>",
        "[MASK]",
        "\u0301",
        "\u6f22",
        "\u{1f44d}",
        "\ud800",
        "\0",
        "1847",
      ),
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.tuple(fc.constantFrom("a", " ", "\n", "\u0301", "1", "-"), fc.nat(400)).map(([unit, n]) => unit.repeat(n)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(""));

/** Where a value is put: a walk through the document by keys that wrap around. */
const anyPlace = fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 });

const put = (document: unknown, place: readonly number[], change: Change): void => {
  let node = document as Record<string, unknown>;
  for (const [depth, step] of place.entries()) {
    const keys = Object.keys(node);
    const key = keys[step % keys.length];
    if (key === undefined) return;
    const next = node[key];
    if (depth === place.length - 1 || typeof next !== "object" || next === null) {
      const kind = typeof next as "number" | "string" | "boolean";
      const value = change.keepsKind && Object.hasOwn(change, kind) ? change[kind] : structuredClone(change.any);
      Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true });
      return;
    }
    node = next as Record<string, unknown>;
  }
};

/** Milliseconds of processor time that one document and its text may take. */
const LIMIT = 5000;

/**
 * Changes documents in one to three places, reads them, and encodes and decodes with those that are taken. A finding is an
 * error of another kind than a refusal, ids that are none, or time beyond the limit.
 */
export const fuzzJson = (documents: readonly object[], parameters: { numRuns: number; seed: number }): number => {
  const texts = documents.map((document) => JSON.stringify(document));
  let taken = 0;
  const changes = fc.array(fc.tuple(anyPlace, anyChange), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.constantFrom(...texts), changes, anyText, fc.boolean(), (json, places, text, split) => {
      const document = JSON.parse(json);
      for (const [place, change] of places) put(document, place, change);
      const start = process.cpuUsage();
      try {
        const tokenizer = tokenizerFromJson(JSON.stringify(document));
        const ids = tokenizer.encodeIds(text, { splitSpecialTokens: split });
        if (ids.some((id) => tokenizer.idToToken(id) === undefined && id >= tokenizer.idLimit)) {
          // Templates may name any id; others may not.
          if (
            tokenizer.encodeIds(text, { addSpecialTokens: false, padding: false }).some((id) => id >= tokenizer.idLimit)
          )
            throw new Error("an id beyond the vocabulary");
        }
        tokenizer.decode(ids);
        taken++;
      } catch (error) {
        if (!/^(?:tokenizer\.json|encode|tokenizerFromJson)\b/.test((error as Error).message)) throw error;
      }
      const { user, system } = process.cpuUsage(start);
      if (user + system > LIMIT * 1000) throw new Error(`it took ${(user + system) / 1e6} s`);
    }),
    parameters,
  );
  return taken;
};
