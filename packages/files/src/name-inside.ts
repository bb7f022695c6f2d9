import { join, posix } from "node:path";
import { fault } from "@cramkit/errors";

/**
 * The path of a file whose name was read from another file. Refuses names that lead out of `folder`, on any platform: absolute
 * ones, those with `..`, backslashes, drive letters or control characters. Folders below are allowed (`onnx/model.onnx`).
 * Links that the user made inside of the folder are followed as ever.
 *
 * @param place - The file that holds the name, for the error.
 * @throws A fault with the code `damaged-file`.
 */
export const nameInside = (folder: string, name: unknown, place: string = folder): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const isSafe = typeof name === "string" && name !== "" && !/[\\\0-\x1f\x7f]|^[a-z]:|(^|\/)[. ]*(\/|$)/i.test(name);
  if (isSafe) return join(folder, posix.normalize(name));
  throw fault({
    code: "damaged-file",
    place,
    problem: `expected the name of a file inside of its folder, got ${typeof name === "string" ? JSON.stringify(name.slice(0, 200)) : `a value that is not text (${typeof name})`}`,
    remedy: "the file was changed by somebody, or is not meant for this; do not use it",
  });
};
