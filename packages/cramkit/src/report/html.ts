import { plainText } from "../terminal/plain-text.ts";

/** Text that is HTML already. A class, as no JSON of a file can pass for one: a plain object with the same field is text. */
export class Html {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

/** A template tag that escapes everything but `Html`; arrays are joined. */
export const html = (strings: TemplateStringsArray, ...values: unknown[]): Html =>
  new Html(strings.map((part, index) => part + (index < values.length ? render(values[index]) : "")).join(""));

/** Marks text as HTML that needs no escaping. */
export const raw = (text: string): Html => new Html(text);

const render = (value: unknown): string => {
  if (value === undefined || value === null || value === false) return "";
  if (Array.isArray(value)) return value.map(render).join("");
  if (value instanceof Html) return value.html;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return plainText(text).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
};

export interface TableSpec {
  readonly head: readonly string[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly ours?: boolean }[];
  /**
   * Text above the table.
   *
   * @defaultValue none
   */
  readonly caption?: unknown;
}

/** A table that the keyboard can scroll if it is wider than the page. Figures stay on one line, longer texts are broken. */
export const table = ({
  head,
  rows,
  caption,
}: TableSpec): Html => html`<div class="table" role="group" tabindex="0" aria-label="${head[0] || "table"}"><table>
<thead><tr>${head.map((cell) => (cell ? html`<th scope="col"${breaking(cell)}>${cell}</th>` : raw("<td></td>")))}</tr></thead>
<tbody>${rows.map(
  ({
    cells,
    ours,
  }) => html`<tr${ours ? raw(' class="ours"') : ""}>${cells.map((cell, column) => html`<td${column > 0 ? breaking(cell) : ""}>${cell}</td>`)}</tr>
`,
)}</tbody></table></div>${caption ? html`<p class="note">${caption}</p>` : ""}`;

/**
 * The class of a cell that is too long for one line of a column among several. One with a word without end, a path say, is broken
 * anywhere: a column that keeps it whole pushes the others off the page.
 */
const breaking = (cell: unknown): Html | "" => {
  if (typeof cell !== "string" || cell.length <= 12) return "";
  return raw(/[^ -]{20}/.test(cell) ? ' class="long endless"' : ' class="long"');
};
