import { expect, it } from "vitest";
import { sealed, unsealed } from "./sealed.ts";

const record = { score: 0.8431, name: "größe", nested: { b: [1, null, "x"], a: Number.NaN }, absent: undefined };
const text = JSON.stringify(sealed(record), null, 2);
const read = (from: string) => unsealed(JSON.parse(from), "record.json", "write it again");

it("gives a record back as JSON keeps it", () => {
  expect(read(text)).toEqual(JSON.parse(JSON.stringify(record)));
});

it("takes another order of names, and a record of an earlier version", () => {
  const { checksum, ...content } = JSON.parse(text);
  expect(read(JSON.stringify({ checksum, ...Object.fromEntries(Object.entries(content).reverse()) }))).toEqual(content);
  expect(read(JSON.stringify(content))).toEqual(content);
});

it("notices each bit that is not as it was written, unless it means the same", () => {
  const bytes = Buffer.from(text);
  let noticed = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    let got: Record<string, unknown>;
    try {
      got = read(new TextDecoder("utf-8", { fatal: true }).decode(changed)) as Record<string, unknown>;
    } catch {
      noticed++;
      continue;
    }
    // Only the name of the checksum may be damaged: the content is what it was.
    expect(got).toMatchObject(JSON.parse(JSON.stringify(record)));
  }
  expect(noticed).toBeGreaterThan(bytes.length * 7);
});

it("names the file and the remedy", () => {
  expect(() => read(text.replace("0.8431", "0.9431"))).toThrow(
    "record.json: its checksum does not match, its content was changed; write it again",
  );
  expect(() => read("[1]")).toThrow("record.json: expected a JSON object, got");
});
