/**
 * Write `chunks` to `path`: into a file beside it, synced, then renamed. A reader sees the old file or the new one, never a
 * part. Needs Node.
 */
export async function writeFileAtomically(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const { open, rename, rm, mkdir } = await import("node:fs/promises");
  const { dirname } = await import("node:path");
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.partial`;
  const file = await open(partial, "w");
  try {
    for await (const chunk of chunks) await file.writeFile(chunk);
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(partial, { force: true });
    throw error;
  }
  await file.close();
  await rename(partial, path);
  // Not every platform can sync a folder; there the rename is as durable as the platform makes it.
  const directory = await open(dirname(path), "r").catch(() => undefined);
  await directory?.sync().catch(() => {});
  await directory?.close();
}
