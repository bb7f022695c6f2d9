const compact = /* @__PURE__ */ new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

/** A number in three digits, as charts label it. */
export const short = (value: number | null | undefined): string => {
  if (value === null || value === undefined) return "";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3) return Number(value.toPrecision(3)).toExponential();
  return size < 1 ? String(Number(value.toPrecision(3))) : compact.format(value);
};

type Unit = readonly [size: number, name: string];

/** Horizontal axes by the column that they show, and their units, the largest first. */
const axes: Readonly<Record<string, readonly Unit[]>> = {
  tokens: [[1, "tokens"]],
  minutes: [
    [1440, "days"],
    [60, "hours"],
    [1, "minutes"],
    [1 / 60, "seconds"],
  ],
  flops: [
    [1e18, "exaFLOP"],
    [1e15, "petaFLOP"],
    [1e12, "teraFLOP"],
    [1e9, "gigaFLOP"],
  ],
};

/** The largest unit of which there are two up to `last`, else the smallest. */
export const unitOf = (axis: string, last: number): Unit =>
  axes[axis]!.find(([size]) => last >= 2 * size) ?? axes[axis]!.at(-1)!;
