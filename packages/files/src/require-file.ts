import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { fault } from "@cramkit/errors";
import { explained } from "./explained.ts";

/**
 * Refuses a path that is not an ordinary file. To open a pipe that nobody writes to never ends, nor does reading a device such as
 * /dev/zero, and an error about reading a folder does not name it. Symbolic links are followed.
 *
 * @returns what the system knows about the file, its size among it
 * @throws a fault that names the path: `not-found`, `exists` for a folder, `unsupported` for anything else
 */
export const requireFile = async (path: string): Promise<Stats> => {
  const found = await explained(path, stat(path));
  if (found.isFile()) return found;
  if (found.isDirectory())
    throw fault({
      code: "exists",
      place: path,
      problem: "expected a file, got a folder",
      remedy: "name a file in it",
      type: RangeError,
    });
  throw notAFile(path, found, "a file");
};

/** The error about what is neither a file nor a folder. */
export const notAFile = (place: string, found: Stats, expected: string) =>
  fault({
    code: "unsupported",
    place,
    problem: `expected ${expected}, got ${kindOf(found)}`,
    remedy: found.isFIFO() ? "write what it gives to a file, and name that" : "name a file",
    type: RangeError,
  });

const kindOf = (found: Stats): string => {
  if (found.isFIFO()) return "a pipe, which can be read only once";
  return found.isSocket() ? "a socket" : "a device";
};
