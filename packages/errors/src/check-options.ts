import { fault } from "./fault.ts";
import { shown } from "./shown.ts";

type KeyOf<T> = T extends unknown ? keyof T & string : never;

/** Every option that a function takes, as keys: one that is added to `T` and not here does not compile. */
export type KnownOptions<T> = { readonly [K in KeyOf<T>]: true };

/**
 * Refuses options that do not exist, by name: one that is ignored is a fault that nobody sees. Call it first, before anything
 * is done. An option that is undefined counts as left out.
 *
 * @param place - The function that was called.
 * @param known - The options that there are, as keys.
 * @param instead - What to write for names that belong elsewhere, or that peers use.
 * @throws A TypeError with the code `invalid-argument` that names the option, and those that there are.
 */
export const checkOptions = <T extends object>(
  place: string,
  options: T,
  known: KnownOptions<T>,
  instead: Readonly<Record<string, string>> = {},
): void => {
  const names = Object.keys(known);
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw fault({
      code: "invalid-argument",
      place,
      problem: `expected an object of options, got ${shown(options)}`,
      remedy: `pass { ${names[0]}: ... }`,
      type: TypeError,
    });
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    throw fault({
      code: "invalid-argument",
      place,
      problem: `unknown option ${JSON.stringify(name)}`,
      remedy: Object.hasOwn(instead, name) ? `write ${instead[name]}` : `available: ${names.join(", ")}`,
      details: { option: name, available: names },
      type: TypeError,
    });
  }
};
