import type { RegexNode, Repeat } from "./node.ts";

/** The expression for JavaScript's own engine, with the flags `g` and `v`. */
export const nativeRegex = (node: RegexNode): RegExp => {
  let atoms = 0;
  const write = (part: RegexNode): string => {
    switch (part.type) {
      case "set":
        return part.set;
      case "sequence":
        return part.parts.map((item) => (item.type === "choice" ? `(?:${write(item)})` : write(item))).join("");
      case "choice":
        return part.options.map(write).join("|");
      case "look":
        return `(?${part.behind ? "<" : ""}${part.negative ? "!" : "="}${write(part.body)})`;
      case "repeat":
        return `${part.body.type === "set" ? part.body.set : `(?:${write(part.body)})`}${quantifier(part)}`;
      case "atomic": {
        const name = `a${atoms++}`;
        return `(?=(?<${name}>${write(part.body)}))\\k<${name}>`;
      }
    }
  };
  return new RegExp(write(node), "gv");
};

const quantifier = ({ min, max, lazy }: Repeat): string => {
  const text =
    max === Number.POSITIVE_INFINITY
      ? (["*", "+"][min] ?? `{${min},}`)
      : min === 0 && max === 1
        ? "?"
        : min === max
          ? `{${min}}`
          : `{${min},${max}}`;
  return lazy ? `${text}?` : text;
};
