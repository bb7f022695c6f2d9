import { join } from "node:path";
import { fileDigest } from "@cramkit/files";

/** The files of prepared data that lie beside its sets of rows. */
const besideSets = ["tokenizer.json", "held-out-texts.json"];

/** SHA-256 of each file beside the sets, for the manifests to know. */
export const digestsBeside = async (folder: string): Promise<Record<string, string>> => {
  const digests: Record<string, string> = {};
  for (const name of besideSets) digests[name] = (await fileDigest(join(folder, name))).sha256;
  return digests;
};
