import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const prefix = "cramkit-tests-";

/**
 * One temporary folder for all that the tests make, which goes when they end. The tests' processes inherit its name. Vitest sets up every
 * project by itself: a folder inside that of another would be too deep for the sockets of a browser (108 letters).
 */
export const setup = () => {
  if (basename(tmpdir()).startsWith(prefix)) return;
  const folder = mkdtempSync(join(tmpdir(), prefix));
  for (const name of ["TMPDIR", "TEMP", "TMP"]) process.env[name] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
};
