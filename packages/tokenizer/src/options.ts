import { checkOptions, fault, shown } from "@cramkit/errors";

type Known = Readonly<Record<string, "" | (string & {})>>;

/**
 * Refuses options that do not exist, by name: an option that is ignored is a fault that nobody sees.
 *
 * @param known the options that there are, as keys
 * @param instead what to write for names that belong elsewhere or are spelt so by peers
 * @throws TypeError naming the option, and those that there are
 */
export function refuseUnknown(
  where: string,
  options: unknown,
  known: readonly string[],
  instead: Known = {},
): asserts options is object {
  checkOptions<Record<string, unknown>>(
    where,
    options as Record<string, unknown>,
    Object.fromEntries(known.map((name) => [name, true as const])),
    instead,
  );
}

/** @throws RangeError if `value` is given and no whole number from `min` to `max` */
export const checkWhole = (where: string, name: string, value: unknown, min: number, max: number): void => {
  if (value === undefined || (Number.isInteger(value) && (value as number) >= min && (value as number) <= max)) return;
  throw fault({
    code: "invalid-argument",
    place: where,
    problem: `expected ${name} to be an integer from ${min} to ${max}, got ${shown(value)}`,
    remedy: "set it to one",
    type: RangeError,
  });
};

/** @throws RangeError if `value` is given and none of `values` */
export const checkOneOf = (where: string, name: string, value: unknown, values: readonly unknown[]): void => {
  if (value === undefined || values.includes(value)) return;
  throw fault({
    code: "invalid-argument",
    place: where,
    problem: `expected ${name} to be one of ${values.map((one) => JSON.stringify(one)).join(", ")}, got ${shown(value)}`,
    remedy: "choose one of these",
    type: RangeError,
  });
};
