const compact = /* @__PURE__ */ new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 4 });
const long = /* @__PURE__ */ new Intl.NumberFormat("en-US", {
  notation: "compact",
  compactDisplay: "long",
  maximumSignificantDigits: 3,
});
const grouped = /* @__PURE__ */ new Intl.NumberFormat("en-US", { maximumSignificantDigits: 5 });

/** "1.05M", "320". */
export const big = (value: number): string => compact.format(value);

export const whole = (value: number): string => Math.round(value).toLocaleString("en-US");

const scales = [
  [1e18, "exaFLOP"],
  [1e15, "petaFLOP"],
  [1e12, "teraFLOP"],
  [1e9, "gigaFLOP"],
  [1e6, "megaFLOP"],
] as const;

/** Floating-point operations in the unit that fits. */
export const flop = (value: number): string => {
  const [unit, name] = scales.find(([least]) => value >= least) ?? scales.at(-1)!;
  const amount = value / unit;
  return `${amount < 1000 && amount >= 0.01 ? amount.toPrecision(3) : grouped.format(amount)} ${name}`;
};

/** How many times something: "1.66 million ×", "0.38 ×". */
export const times = (ratio: number): string => `${ratio < 1 ? ratio.toPrecision(2) : long.format(ratio)} ×`;

export const nats = (value: number): string => value.toFixed(3).replace("-", "\u2212");

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export const bytes = (value: number): string =>
  value >= 1e9 ? `${(value / 1e9).toFixed(2)} GB` : `${Math.round(value / 1e6)} MB`;

export const energy = (joules: number): string =>
  joules >= 3.6e6 ? `${(joules / 3.6e6).toPrecision(3)} kWh` : `${(joules / 3600).toPrecision(3)} Wh`;
