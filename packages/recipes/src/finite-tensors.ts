import { fault } from "@cramkit/errors";

/** Throws `not-finite` if values of a tensor are NaN or infinite, and says which; `place` names where they are. */
export const requireFinite = (
  values: ArrayLike<number | bigint>,
  {
    name,
    place,
    remedy,
  }: {
    readonly name: string;
    /** @defaultValue none */
    readonly place?: string;
    /** @defaultValue none */
    readonly remedy?: string;
  },
): void => {
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return;
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw fault({
    code: "not-finite",
    place,
    problem: `expected finite weights, got ${values[at]} in ${name}`,
    remedy,
  });
};
