/** One text of a corpus. `source` names where it came from (a file, a dataset), `id` the place in it. */
export interface Document {
  text: string;
  source?: string;
  id?: string;
}

/** Everything that yields documents: reading it again from the start yields the same documents in the same order. */
export type Documents = AsyncIterable<Document>;
