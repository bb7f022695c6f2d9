const shownCharacters = 60;

/** A text of a stranger as a message quotes it: its beginning. */
export const shortened = (text: string): string =>
  text.length > shownCharacters ? `${text.slice(0, shownCharacters)}...` : text;
