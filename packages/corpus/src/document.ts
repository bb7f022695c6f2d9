/** One text of a corpus. `source` names where it came from (a file, a dataset), `id` the place in it. */
export interface Document {
  text: string;
  source?: string;
  id?: string;
}
