/** Tokens by id and ids by token. Ids need not be dense: a `tokenizer.json` may leave holes. */
export interface Vocabulary {
  readonly size: number;
  readonly ids: ReadonlyMap<string, number>;
  readonly tokens: readonly (string | undefined)[];
}

export const vocabulary = (ids: ReadonlyMap<string, number>): Vocabulary => {
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of ids) tokens[id] = token;
  return { size: ids.size, ids, tokens };
};
