// Characters that move the cursor, clear the screen, answer for the user, or turn the direction of what follows.
const control =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * Text from files, recipes or servers as a terminal may be given it: control characters as `\u001b`, but for tabs and line
 * feeds. The same escapes are right inside of JSON strings.
 */
export const plainText = (text: string): string => text.replaceAll("\r\n", "\n").replace(control, escaped);
