import { fault, problemOf } from "@cramkit/errors";
import { setBackend } from "@tensorflow/tfjs-core";

const packages = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"];

/** Uses the first of tfjs-node-gpu and tfjs-node that the user has installed. Both register the backend `tensorflow`. */
export const startTensorflow = async () => {
  restoreIsNullOrUndefined();
  const failures: string[] = [];
  for (const name of packages) {
    try {
      // The comments tell bundlers of browsers that there is nothing to look for.
      await withoutArguments(() => import(/* webpackIgnore: true */ /* @vite-ignore */ name));
    } catch (error) {
      const isMissing = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(
        (error as NodeJS.ErrnoException).code ?? "",
      );
      failures.push(`${name}: ${isMissing ? "not installed" : problemOf(error)}`);
      continue;
    }
    if (!(await setBackend("tensorflow")))
      throw fault({
        code: "unsupported",
        place: "startBackend",
        problem: `${name} loads, but its backend does not start`,
        remedy: "install it anew, or use the cpu backend",
      });
    // tfjs-node ends with the process; there is no device to give back.
    const description = `TensorFlow through ${name}`;
    return { tfjsName: "tensorflow", description, device: description, dispose: () => {} };
  }
  throw fault({
    code: "unsupported",
    place: "startBackend",
    problem: `expected @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node to load, got neither (${failures.join(", ")})`,
    remedy: "npm install one, or use the cpu backend",
  });
};

/** node-pre-gyp, by which tfjs-node finds its binary, takes this process's arguments for its own (`--dir` for `--directory`). */
const withoutArguments = async <T>(load: () => Promise<T>): Promise<T> => {
  const { process } = globalThis;
  if (!process?.argv) return load();
  const { argv } = process;
  process.argv = argv.slice(0, 2);
  try {
    return await load();
  } finally {
    process.argv = argv;
  }
};

/** tfjs-node 4.22 calls util.isNullOrUndefined, which Node 23 removed. */
const restoreIsNullOrUndefined = (): void => {
  const util = globalThis.process?.getBuiltinModule?.("node:util") as unknown as Record<string, unknown> | undefined;
  if (util && !util.isNullOrUndefined)
    util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
};
