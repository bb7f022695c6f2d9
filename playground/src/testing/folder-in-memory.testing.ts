/** A disk that can be full, or refuse what is written. */
export interface Disk {
  root: FileSystemDirectoryHandle;
  /** Bytes that fit. */
  quota: number;
  /** Name of the exception that every write ends with. */
  refusal: string | undefined;
  used(): number;
  /** Names of all files, sorted. */
  names(): string[];
}

type Entries = Map<string, Uint8Array | Entries>;

/** The part of a browser's own file system that a run uses, in memory: a stream's content appears on `close`. */
export const folderInMemory = (): Disk => {
  const top: Entries = new Map();
  const all = (entries: Entries): [string, Uint8Array][] =>
    [...entries].flatMap(([name, entry]) =>
      entry instanceof Map ? all(entry) : [[name, entry] as [string, Uint8Array]],
    );
  const used = () => all(top).reduce((sum, [, { length }]) => sum + length, 0);
  const missing = (name: string) => new DOMException(`${name} is not there`, "NotFoundError");
  const stream = (entries: Entries, name: string) => {
    let written = new Uint8Array();
    return {
      async write(chunk: Uint8Array) {
        if (disk.refusal !== undefined) throw new DOMException("refused", disk.refusal);
        if (used() + written.length + chunk.length > disk.quota) throw new DOMException("full", "QuotaExceededError");
        written = new Uint8Array([...written, ...chunk]);
      },
      async close() {
        entries.set(name, written);
      },
      async abort() {},
    };
  };
  const handle = (entries: Entries): FileSystemDirectoryHandle =>
    ({
      async getDirectoryHandle(name: string, { create = false } = {}) {
        if (!entries.has(name) && !create) throw missing(name);
        // Chromium takes a folder for some bytes.
        if (!entries.has(name) && disk.quota < 100) throw new DOMException("full", "QuotaExceededError");
        if (!entries.has(name)) entries.set(name, new Map());
        return handle(entries.get(name) as Entries);
      },
      async getFileHandle(name: string, { create = false } = {}) {
        if (!entries.has(name) && !create) throw missing(name);
        if (!entries.has(name)) entries.set(name, new Uint8Array());
        return {
          createWritable: async () => stream(entries, name),
          getFile: async () => new Blob([entries.get(name) as Uint8Array<ArrayBuffer>]),
        };
      },
      async removeEntry(name: string) {
        if (!entries.delete(name)) throw missing(name);
      },
      async *keys() {
        yield* [...entries.keys()];
      },
    }) as unknown as FileSystemDirectoryHandle;
  const disk: Disk = {
    root: handle(top),
    quota: Number.POSITIVE_INFINITY,
    refusal: undefined,
    used,
    names: () =>
      all(top)
        .map(([name]) => name)
        .sort(),
  };
  return disk;
};
