import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { fault, problemOf, shown } from "@cramkit/errors";
import { readText, requireFile } from "@cramkit/files";
import { createJiti } from "jiti";
import { duplicateKey } from "./duplicate-key.ts";

/** Names of files that `loadFile` reads. */
export const isLoadable = (name: string): boolean => /\.(json|[cm]?[jt]s)$/.test(name);

/** Nobody writes so many settings, in bytes. */
const largestFile = 16 << 20;

/** What a file holds: JSON, or the default export of a module, called if it is a function. `what` it should be, for an error. */
export const loadFile = async (file: string, what: string): Promise<unknown> => {
  if (extname(file) === ".json") {
    const text = await readText(file, { maxBytes: largestFile });
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw fault({
        code: "invalid-input",
        place: file,
        problem: `expected JSON, got ${text.length} characters that are not: ${problemOf(error)}`,
        remedy: "repair the file",
        type: SyntaxError,
        cause: error,
      });
    }
    const twice = duplicateKey(text);
    if (twice)
      throw fault({
        code: "invalid-input",
        place: `${file}, line ${twice.line}`,
        problem: `expected each setting once, got ${shown(twice.key)} twice in the same place`,
        remedy: "leave one out",
        type: SyntaxError,
      });
    return value;
  }
  await requireFile(file); // a file that is not there is not one that is broken
  // Node 20 cannot read TypeScript on its own. No cache: it would lie in a folder for temporary files, which others write to.
  const jiti = createJiti(pathToFileURL(file).href, { fsCache: false });
  const made = await jiti.import(file, { default: true }).catch((error: unknown) => {
    throw fault({
      code: "invalid-input",
      place: file,
      problem: `expected a module that exports a ${what}, got ${problemOf(error)}`,
      cause: error,
    });
  });
  if (isNamespace(made))
    throw fault({
      code: "invalid-input",
      place: file,
      problem: `expected a module whose default export is a ${what}, got one that exports ${Object.keys(made).join(", ") || "nothing"}`,
      remedy: `write \`export default\` before the ${what}`,
    });
  return typeof made === "function" ? made() : made;
};

/** A module without a default export stands for itself. */
const isNamespace = (made: unknown): made is object => {
  if (typeof made !== "object" || made === null) return false;
  const { __esModule: isCompiled, [Symbol.toStringTag]: tag } = made as {
    __esModule?: boolean;
    [Symbol.toStringTag]?: string;
  };
  return isCompiled === true || tag === "Module";
};
