/** A stretch of tags that names one thing: from `start` to `end`, which is one after its last tag. */
export interface Entity {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The entities of a row of tags in BIO, or with E and S in BIOES: `B-PER`, `I-PER`, `O`. An I that no B begins, or that is of
 * another type than what is before it, begins an entity of its own, as in conlleval and in seqeval's default.
 */
export const entitiesOf = (tags: readonly string[]): Entity[] => {
  const entities: Entity[] = [];
  let open: { type: string; start: number } | undefined;
  const close = (end: number) => {
    if (open) entities.push({ ...open, end });
    open = undefined;
  };
  for (const [i, tag] of tags.entries()) {
    const kind = tag[0] ?? "O";
    if (kind === "O") {
      close(i);
      continue;
    }
    const dash = tag.indexOf("-");
    const type = (dash < 0 ? tag.slice(1) : tag.slice(dash + 1)) || "_";
    if (kind === "B" || kind === "S" || (open && open.type !== type)) close(i);
    open ??= { type, start: i };
    if (kind === "E" || kind === "S") close(i + 1);
  }
  close(tags.length);
  return entities;
};
