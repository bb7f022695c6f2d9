/** Text that is HTML already. */
export interface Html {
  readonly html: string;
}

/** A template tag that escapes everything but `Html`; arrays are joined. */
export const html = (strings: TemplateStringsArray, ...values: unknown[]): Html => ({
  html: strings.map((part, index) => part + (index < values.length ? render(values[index]) : "")).join(""),
});

/** Marks text as HTML that needs no escaping. */
export const raw = (text: string): Html => ({ html: text });

const render = (value: unknown): string => {
  if (value === undefined || value === null || value === false) return "";
  if (Array.isArray(value)) return value.map(render).join("");
  if (typeof value === "object" && "html" in value) return (value as Html).html;
  return String(value).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
};

export interface TableSpec {
  readonly head: readonly string[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly ours?: boolean }[];
  readonly caption?: unknown;
}

export const table = ({ head, rows, caption }: TableSpec): Html => html`<div class="table"><table>
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map(
  ({ cells, ours }) => html`<tr${ours ? raw(' class="ours"') : ""}>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
)}</tbody></table></div>${caption ? html`<p class="note">${caption}</p>` : ""}`;
