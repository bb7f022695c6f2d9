import { fault } from "@cramkit/errors";

/** A full storage in words. */
export const worded = (error: unknown, place: string): unknown =>
  error instanceof DOMException && error.name === "QuotaExceededError"
    ? fault({
        ...{ code: "disk-full", place, problem: "the browser gives this page no more storage", remedy: "free some" },
        cause: error,
      })
    : error;

/** A file that was made and got no content would pass for the newest checkpoint. */
const removeEmpty = async (folder: FileSystemDirectoryHandle, name: string): Promise<void> => {
  const { size } = await (await folder.getFileHandle(name)).getFile();
  if (size === 0) await folder.removeEntry(name);
};

/** Writes a file that appears with all of its content, or not at all: what a stream holds takes its place on `close`. */
export const writeFile = async (
  folder: FileSystemDirectoryHandle,
  name: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> => {
  let stream: FileSystemWritableFileStream | undefined;
  try {
    stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
    for await (const chunk of chunks) await stream.write(chunk as Uint8Array<ArrayBuffer>);
    await stream.close();
  } catch (error) {
    await stream?.abort().catch(() => {});
    await removeEmpty(folder, name).catch(() => {});
    throw worded(error, name);
  }
};

export const readFile = async (folder: FileSystemDirectoryHandle, name: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer());

/** Removes a file or a folder, if it is there. */
export const removeFrom = async (folder: FileSystemDirectoryHandle, name: string): Promise<void> => {
  try {
    await folder.removeEntry(name, { recursive: true });
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "NotFoundError")) throw error;
  }
};
