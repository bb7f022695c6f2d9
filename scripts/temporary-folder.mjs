import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One temporary folder for all that the tests make, which goes when they end. The tests' processes inherit its name. */
export const setup = () => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-tests-"));
  for (const name of ["TMPDIR", "TEMP", "TMP"]) process.env[name] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
};
