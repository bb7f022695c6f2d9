/** Colours that the page's theme has names for. */
const named = 6;

/**
 * The colour of a run, or of the runs of one variant: one of the theme for the first six, further hues for as many as there
 * are, each far from the one before. `isDark`: on a dark ground.
 */
export const runColour = (index: number, style: (name: string) => string, isDark: boolean): string =>
  index < named ? style(`--run-${index}`) : hueColour(index, isDark);

/** A hue by the golden angle, in two strengths by turns. */
export const hueColour = (index: number, isDark: boolean): string => {
  const hue = (index * 137.508 + 20) % 360;
  const lightness = (isDark ? 0.68 : 0.42) + (index % 2 === 0 ? -0.07 : 0.05);
  return hex(hue, 0.62, lightness);
};

/** Hue in degrees, saturation and lightness from 0 to 1, as `#rrggbb`, to which two digits of opacity can be added. */
const hex = (hue: number, saturation: number, lightness: number): string => {
  const channel = (shift: number): string => {
    const k = (shift + hue / 30) % 12;
    const value = lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * value)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
};
