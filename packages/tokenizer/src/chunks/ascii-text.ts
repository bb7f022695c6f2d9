/** The text of up to 64 character codes. Faster than to spread them, as a typed array is spread by its iterator. */
export const textOfCodes = (codes: ArrayLike<number>, length: number): string => {
  let text = "";
  let at = 0;
  for (; at + 4 <= length; at += 4)
    text += String.fromCharCode(codes[at]!, codes[at + 1]!, codes[at + 2]!, codes[at + 3]!);
  switch (length - at) {
    case 1:
      return text + String.fromCharCode(codes[at]!);
    case 2:
      return text + String.fromCharCode(codes[at]!, codes[at + 1]!);
    case 3:
      return text + String.fromCharCode(codes[at]!, codes[at + 1]!, codes[at + 2]!);
    default:
      return text;
  }
};
