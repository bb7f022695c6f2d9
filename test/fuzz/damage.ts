/** Numbers below `limit` that follow from a seed. */
export type Draw = (limit: number) => number;

export const drawsOf = (seed: number): Draw => {
  let state = (seed ^ 0x9e3779b9) | 0;
  return (limit) => {
    state = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    state = (Math.imul(state ^ (state >>> 15), 0x735a2d97) + 0x6d2b79f5) | 0;
    return Math.floor((((state ^ (state >>> 15)) >>> 0) / 2 ** 32) * limit);
  };
};

/** A few changes to bytes, by chance: flipped bits, bytes at their limits, cuts, repeats. */
export const damagedBytes = (bytes: Uint8Array, draw: Draw): Buffer => {
  let file = Buffer.from(bytes);
  for (let changes = 1 + draw(3); changes > 0; changes--) {
    const at = draw(file.length);
    const size = Math.min(file.length - at, 1 + draw(8));
    const part = file.subarray(at, at + size);
    switch (draw(5)) {
      case 0:
        if (size > 0) file[at]! ^= 1 << draw(8);
        break;
      case 1:
        part.fill([0, 0x22, 0x2c, 0x5b, 0x7b, 0x7f, 0xff][draw(7)]!);
        break;
      case 2:
        file = file.subarray(0, at);
        break;
      case 3:
        file = Buffer.concat([file.subarray(0, at), file.subarray(at + size)]);
        break;
      case 4:
        file = Buffer.concat([file.subarray(0, at), ...Array(1 + draw(20)).fill(part), file.subarray(at)]);
    }
  }
  return file;
};

/** Stands for a value of so many brackets, which `JSON.stringify` could not write. */
const deep = (depth: number): string => `deep ${depth}`;

/** The JSON of a damaged document. */
export const jsonOf = (document: object): string =>
  JSON.stringify(document).replaceAll(
    /"deep (\d+)"/g,
    (_, depth) => "[".repeat(Number(depth)) + "]".repeat(Number(depth)),
  );

/** What may stand anywhere in a document, hostile values among them. */
const anyValue = (draw: Draw): unknown => {
  const numbers = [0, -0, 1, -1, 2, 3, 0.5, 7, 8, 16, 100, 255, 2 ** 16, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, -1e300];
  const strings = [
    "",
    "a",
    "F32",
    "cpu",
    "auto",
    "NaN",
    "1e9",
    "__proto__",
    "constructor",
    "\0",
    "\ud800",
    "../x",
    "/",
  ];
  const others = [null, true, false, [], {}, [[]], [null], { kind: "a" }, { name: "adamw" }];
  switch (draw(8)) {
    case 0:
    case 1:
      return numbers[draw(numbers.length)];
    case 2:
    case 3:
      return strings[draw(strings.length)];
    case 4:
      return "ab/ \u4e2d".repeat(draw(2000));
    case 5:
      return Array.from({ length: draw(50) }, () => numbers[draw(numbers.length)]);
    case 6:
      return draw(20) === 0 ? deep(draw(50_000)) : numbers[draw(numbers.length)];
    default:
      return others[draw(others.length)];
  }
};

/** A value like the one that is there, so that many documents are taken, or any other. */
const changed = (value: unknown, draw: Draw): unknown => {
  if (draw(3) > 0) {
    if (typeof value === "number") return [value + 1, value - 1, value * 2, value / 2, -value, draw(1000)][draw(6)];
    if (typeof value === "boolean") return !value;
    if (typeof value === "string" && value !== "") return value.slice(draw(value.length)) + value.slice(0, draw(4));
  }
  return anyValue(draw);
};

/** A copy of a document of JSON with one to four values changed, removed, added, or taken from elsewhere in it. */
export const damagedJson = (document: object, draw: Draw): object => {
  const copy = structuredClone(document);
  const places = () => {
    const found: [node: Record<string, unknown>, key: string][] = [];
    const visit = (node: object, depth: number): void => {
      for (const [key, value] of Object.entries(node)) {
        found.push([node as Record<string, unknown>, key]);
        if (typeof value === "object" && value !== null && depth < 20) visit(value, depth + 1);
      }
    };
    visit(copy, 0);
    return found;
  };
  const set = (node: object, key: string, value: unknown) =>
    Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true });
  for (let changes = 1 + draw(4); changes > 0; changes--) {
    const all = places();
    if (all.length === 0) break;
    const [node, key] = all[draw(all.length)]!;
    switch (draw(8)) {
      case 0:
        if (Array.isArray(node)) node.splice(Number(key), 1);
        else delete node[key];
        break;
      case 1:
        set(node, Array.isArray(node) ? String(node.length) : String(anyValue(draw)).slice(0, 20), anyValue(draw));
        break;
      case 2: {
        const [other, from] = all[draw(all.length)]!;
        set(node, key, structuredClone(other[from]));
        break;
      }
      default:
        set(node, key, changed(node[key], draw));
    }
  }
  return copy;
};
