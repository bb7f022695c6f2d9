const MAX_LENGTH = 60;

/** An integer that a number cannot hold, in its digits. */
export class LargeInteger {
  constructor(readonly digits: string) {}
}

/** A value for a message: JSON, cut off if it gets long or deep. Costs little however large the value is. */
export const show = (value: unknown): string => {
  const text = write(value, 3);
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 3)}...` : text;
};

const write = (value: unknown, depth: number): string => {
  if (value === undefined) return "nothing";
  if (value instanceof LargeInteger) return value.digits;
  if (typeof value === "string") return JSON.stringify(value.slice(0, MAX_LENGTH));
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (depth === 0) return Array.isArray(value) ? "[...]" : "{...}";
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  const parts: string[] = [];
  let length = 0;
  const add = (part: string) => {
    parts.push(part);
    length += part.length;
    return length > MAX_LENGTH;
  };
  if (Array.isArray(value)) {
    for (const item of value) if (add(write(item, depth - 1))) break;
    return `[${parts.join(",")}]`;
  }
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    if (add(`${JSON.stringify(key.slice(0, MAX_LENGTH))}:${write((value as Record<string, unknown>)[key], depth - 1)}`))
      break;
  }
  return `{${parts.join(",")}}`;
};
