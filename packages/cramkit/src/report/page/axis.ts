type Value = number | null | undefined;

const inDigits = (value: Value, digits: number): string => {
  if (value === null || value === undefined) return "";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3) return Number(value.toPrecision(digits)).toExponential();
  if (size < 1) return String(Number(value.toPrecision(digits)));
  return value.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: digits });
};

/** A number in three digits, as charts label it. */
export const short = (value: Value): string => inDigits(value, 3);

/** Labels of an axis: in three digits, or in as many as tell its ticks apart. */
export const tickLabels = (ticks: readonly Value[]): string[] => {
  for (let digits = 3; ; digits++) {
    const labels = ticks.map((tick) => inDigits(tick, digits));
    if (digits === 12 || new Set(labels).size === new Set(ticks).size) return labels;
  }
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
