/** One text of a corpus. `source` names where it came from (a file, a dataset), `id` the place in it. */
export interface Document {
  text: string;
  /**
   * Where it comes from: the path of its file, or the name of its source.
   *
   * @defaultValue unnamed; `mixDocuments` puts the name of its source in
   */
  source?: string;
  /**
   * Its name in that source: the record's own, or its place in the file.
   *
   * @defaultValue without one
   */
  id?: string;
}
