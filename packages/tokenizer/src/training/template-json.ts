import { fault } from "@cramkit/errors";
import type { Component } from "../json/schema.ts";

/** `{ single: "$A <sep>", pair: "<cls> $A <sep> $B:1 <sep>:1" }` as a `TemplateProcessing` component. */
export const templateJson = (
  template: { single: string; pair: string },
  idOf: (token: string) => number | undefined,
): Component => {
  const special: [string, object][] = [];
  const pieces = (text: string) =>
    text.split(" ").map((part) => {
      const [, name = "", type = "0"] = /^(.+?)(?::(\d+))?$/s.exec(part) ?? [];
      const type_id = Number(type);
      if (name === "$A" || name === "$B") return { Sequence: { id: name.slice(1), type_id } };
      const id = idOf(name);
      if (id === undefined) {
        throw fault({
          code: "invalid-argument",
          place: "trainTokenizer",
          problem: `expected template parts $A, $B and special tokens, got ${JSON.stringify(part)}`,
          remedy: "add it to specialTokens",
          type: RangeError,
        });
      }
      special.push([name, { id: name, ids: [id], tokens: [name] }]);
      return { SpecialToken: { id: name, type_id } };
    });
  return {
    type: "TemplateProcessing",
    single: pieces(template.single),
    pair: pieces(template.pair),
    special_tokens: Object.fromEntries(special),
  };
};
