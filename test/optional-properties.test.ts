import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { sourcesOf, withoutDefault } from "../scripts/optional-properties.mjs";

it.each(readdirSync("packages"))("every optional property of %s says what leaving it out means", (name) => {
  const lacking = sourcesOf(`packages/${name}/src`).flatMap(([file, text]) =>
    withoutDefault(text, file).map((property) => `${file}: ${property}`),
  );
  expect(lacking).toEqual([]);
});

it("finds what lacks its default, in interfaces, objects, unions of them and parameters", () => {
  const text = `
    export interface Options {
      /** Said. @defaultValue 1 */
      said?: number;
      /** Unsaid. */
      unsaid?: number;
      needed: number;
      nested: { inner?: number };
    }
    interface Hidden { own?: number }
    export type Either = { by: "a"; left?: number } | (Hidden & { right?: number });
    export type Plain = string;
    export const arrow = ({ a = 1 }: { a?: number;
      /** @defaultValue 2 */
      b?: number } = {}) => a;
    export function declared(first: string, options: Options & { c?: number }) {}
    const hidden = ({ d }: { d?: number }) => d;`;
  expect(withoutDefault(text)).toEqual(["Options.unsaid", "Either.left", "Either.right", "arrow.a", "declared.c"]);
});
