const longest = 80;

/**
 * Any value as a message shows it: as JSON has it if it can, cut off when it gets long or deep. It costs little however large
 * the value is, and it never throws: a circle, a big integer and a nest of 100,000 arrays are shown too, and `NaN` and
 * `Infinity` by these names.
 */
export const shown = (value: unknown): string => cut(write(value, 3));

const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 3)}...` : text);

const write = (value: unknown, depth: number): string => {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(value.slice(0, longest));
  if (typeof value === "bigint") return cut(`${value}`);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return depth === 0 ? "[...]" : `[${listed(value, (item) => write(item, depth - 1))}]`;
  if (isPlain(value)) {
    if (depth === 0) return "{...}";
    const entry = (key: string) => `${JSON.stringify(key.slice(0, longest))}:${write(value[key], depth - 1)}`;
    return `{${listed(ownKeys(value), entry)}}`;
  }
  // A date, a number of many digits: what stands for one value says so itself.
  if (typeof (value as Date)[Symbol.toPrimitive] === "function") return cut(String(value));
  return `a ${value.constructor?.name || "value of another class"}`;
};

/** As many items as fit. */
const listed = <T>(items: Iterable<T>, text: (item: T) => string): string => {
  const parts: string[] = [];
  let length = 0;
  for (const item of items) {
    if (length > longest) break;
    length += parts[parts.push(text(item)) - 1]!.length;
  }
  return parts.join(",");
};

function* ownKeys(value: object): Generator<string> {
  for (const key in value) if (Object.hasOwn(value, key)) yield key; // a list of all of them may be long
}

const isPlain = (value: object): value is Record<string, unknown> => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
};
