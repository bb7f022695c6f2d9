/** A regular expression as a tree. What cannot be said with these parts (backreferences, calls) is refused by the parser. */
export type RegexNode =
  /** One character; `set` is an operand of a JavaScript class with the flag `v`: `a`, `\u{2d}`, `\p{L}` or `[...]`. */
  | { readonly type: "set"; readonly set: string }
  | { readonly type: "sequence"; readonly parts: readonly RegexNode[] }
  /** The first option that leads to a match wins. */
  | { readonly type: "choice"; readonly options: readonly RegexNode[] }
  | Repeat
  /** Looks ahead or behind without taking anything. */
  | { readonly type: "look"; readonly body: RegexNode; readonly behind: boolean; readonly negative: boolean }
  /** Matches as far as it goes and never gives anything back. */
  | { readonly type: "atomic"; readonly body: RegexNode };

export interface Repeat {
  readonly type: "repeat";
  readonly body: RegexNode;
  readonly min: number;
  /** Infinity for no upper bound. */
  readonly max: number;
  readonly lazy: boolean;
}

export const set = (text: string): RegexNode => ({ type: "set", set: text });

export const empty: RegexNode = { type: "sequence", parts: [] };

export const look = (body: RegexNode, behind: boolean, negative: boolean): RegexNode => ({
  type: "look",
  body,
  behind,
  negative,
});

/** A sequence with the sequences inside it opened. */
export const sequence = (parts: readonly RegexNode[]): RegexNode => {
  const flat = parts.flatMap((part) => (part.type === "sequence" ? part.parts : [part]));
  return flat.length === 1 ? flat[0]! : { type: "sequence", parts: flat };
};

/** A choice; one between single characters is a set. */
export const choice = (options: readonly RegexNode[]): RegexNode => {
  if (options.length === 1) return options[0]!;
  const sets = options.flatMap((option) => (option.type === "set" ? [option.set] : []));
  return sets.length === options.length ? set(`[${sets.join("")}]`) : { type: "choice", options };
};

export const repeat = (body: RegexNode, min: number, max: number, lazy: boolean): RegexNode => {
  // (?:x{1,3})+ matches what x+ matches.
  const inner = body.type === "repeat" && body.body.type === "set" && !body.lazy && !lazy ? body : undefined;
  if (inner && inner.min <= 1 && inner.max > 0 && max === Number.POSITIVE_INFINITY)
    return { ...inner, min: inner.min * min, max };
  return { type: "repeat", body, min, max, lazy };
};

/** The fewest and the most characters that a part can take. */
export const lengthOf = (node: RegexNode): { min: number; max: number } => {
  switch (node.type) {
    case "set":
      return { min: 1, max: 1 };
    case "look":
      return { min: 0, max: 0 };
    case "atomic":
      return lengthOf(node.body);
    case "repeat": {
      const { min, max } = lengthOf(node.body);
      return { min: min * node.min, max: max === 0 ? 0 : max * node.max };
    }
    case "choice": {
      const lengths = node.options.map(lengthOf);
      return {
        min: lengths.reduce((least, { min }) => Math.min(least, min), Number.POSITIVE_INFINITY),
        max: lengths.reduce((most, { max }) => Math.max(most, max), 0),
      };
    }
    case "sequence":
      return node.parts.map(lengthOf).reduce((a, b) => ({ min: a.min + b.min, max: a.max + b.max }), {
        min: 0,
        max: 0,
      });
  }
};
