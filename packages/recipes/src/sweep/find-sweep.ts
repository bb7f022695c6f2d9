import { resolve } from "node:path";
import { fault } from "@cramkit/errors";
import { isLoadable, loadFile } from "../catalogue/load-file.ts";
import { parseSweep, type Sweep } from "./sweep.ts";

/** A sweep from a file: JSON, or a module whose default export is a sweep or a function that makes one. */
export const findSweep = async (file: string): Promise<Sweep> => {
  if (isLoadable(file)) return parseSweep(await loadFile(resolve(file), "sweep"), file);
  throw fault({
    code: "invalid-input",
    place: file,
    problem: "expected a .json, .js or .ts file that holds a sweep",
    remedy: "name one; the README of @cramkit/recipes shows what it may hold",
    type: RangeError,
  });
};
