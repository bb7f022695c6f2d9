export { type AtomicFile, createAtomicFile, writeFileAtomic } from "./atomic-file.ts";
export { type AtomicFolder, createAtomicFolder, removeFolder } from "./atomic-folder.ts";
export type { Content, WriteOptions, WrittenFile } from "./durable-file.ts";
export { type LockOptions, lockFolder } from "./folder-lock.ts";
export { adoptPartial, type LeftoversOptions, removeLeftovers } from "./leftovers.ts";
export { makeFolder, syncFolder } from "./make-folder.ts";
export { nameInside } from "./name-inside.ts";
export { partialPath } from "./partial-name.ts";
export { checkWritable } from "./writable.ts";
