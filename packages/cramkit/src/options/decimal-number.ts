/** The number that people write, with a point or an exponent; NaN for other text: hexadecimal digits and blanks are slips. */
export const decimalNumber = (text: string): number =>
  /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
