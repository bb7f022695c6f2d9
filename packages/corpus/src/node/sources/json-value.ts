/** Shorter JSON cannot hold values enough to fill the memory. */
const harmlessBytes = 4 << 20;
/** A value takes many times the memory of its comma: 256 MB of brackets would be several gigabytes. */
const maxValues = 1 << 22;
const maxDepth = 10_000;

const [quote, backslash, comma] = [34, 92, 44];

/** Throws a SyntaxError if long JSON holds more values, or values further inside of one another, than are parsed. */
export const checkSize = (json: Uint8Array): void => {
  if (json.length <= harmlessBytes) return;
  let [values, depth] = [0, 0];
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] as number;
    if (byte === quote) at = endOfString(json, at);
    else if (byte === comma) values++;
    else if (byte === 91 || byte === 123) {
      values++;
      if (++depth > maxDepth) throw new SyntaxError(`more than ${maxDepth} values inside of one another`);
    } else if (byte === 93 || byte === 125) depth--;
    if (values > maxValues) throw new SyntaxError(`more than ${maxValues} values in one record`);
  }
};

const endOfString = (json: Uint8Array, start: number): number => {
  for (let at = json.indexOf(quote, start + 1); at >= 0; at = json.indexOf(quote, at + 1)) {
    let escapes = 0;
    while (json[at - 1 - escapes] === backslash) escapes++;
    if (escapes % 2 === 0) return at;
  }
  return json.length;
};

/** Parses JSON, also as Python writes it: with `Infinity`, and with `NaN`, which becomes null. Throws a SyntaxError. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = withoutConstants(text);
    if (plain === undefined) throw error;
    return JSON.parse(plain);
  }
};

/** The text with numbers that JSON has in the place of Python's constants; undefined if there are none. */
const withoutConstants = (text: string): string | undefined => {
  if (!/NaN|Infinity/.test(text)) return undefined;
  let result = "";
  let done = 0;
  const constant = /"|NaN|Infinity/g;
  for (let found = constant.exec(text); found !== null; found = constant.exec(text)) {
    const at = found.index;
    if (found[0] === '"') {
      constant.lastIndex = endOfText(text, at) + 1;
      continue;
    }
    result += text.slice(done, at) + (found[0] === "NaN" ? "null" : "1e999");
    done = constant.lastIndex;
  }
  return done === 0 ? undefined : result + text.slice(done);
};

const endOfText = (text: string, start: number): number => {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text[at - 1 - escapes] === "\\") escapes++;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
};
