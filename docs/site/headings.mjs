/**
 * Says the level of each heading that leaves one out, as TypeDoc's do (`h4` right under `h1`): a screen reader lists headings by level.
 */
export const withLevels = (html) => {
  /** The headings that the next one may lie under: as written, and as said. */
  const above = [];
  return html.replaceAll(/<h([1-6])( [^>]*)?>/g, (tag, digit, attributes = "") => {
    const written = Number(digit);
    while (above.length > 0 && above.at(-1).written >= written) above.pop();
    const said = Number(/ aria-level="(\d)"/.exec(attributes)?.[1] ?? (above.at(-1)?.said ?? 0) + 1);
    above.push({ written, said });
    return said === written || attributes.includes("aria-level")
      ? tag
      : `<h${digit}${attributes} aria-level="${said}">`;
  });
};

/** A link inside of what opens and closes a section: no keyboard reaches it. The heading keeps its own address. */
export const withoutNestedLinks = (html) =>
  html.replaceAll(/<summary[^>]*>.*?<\/summary>/gs, (summary) =>
    summary.replaceAll(/<a [^>]*class="tsd-anchor-icon"[^>]*>.*?<\/a>/gs, ""),
  );
