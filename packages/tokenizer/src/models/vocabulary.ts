/** Tokens by id and ids by token. Ids need not be dense: a `tokenizer.json` may leave holes. */
export interface Vocabulary {
  readonly size: number;
  readonly ids: ReadonlyMap<string, number>;
  readonly tokens: readonly (string | undefined)[];
}

export function vocabulary(ids: ReadonlyMap<string, number>): Vocabulary {
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of ids) tokens[id] = token;
  return { size: ids.size, ids, tokens };
}

/** The tokens in the order of their ids, as an object for JSON; nothing in it is inherited. */
export function vocabularyJson(vocab: Vocabulary): Record<string, number> {
  const entries: [string, number][] = [];
  vocab.tokens.forEach((token, id) => {
    if (token !== undefined) entries.push([token, id]);
  });
  return Object.fromEntries(entries);
}
