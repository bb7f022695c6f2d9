import { createHash } from "node:crypto";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import type { HuggingFaceConfig } from "@cramkit/model";
import type { SavedModel } from "../model/saved-model.ts";
import { readJson } from "../run-record.ts";

/** The field of `config.json` that tells the weights of one export from those of another. */
const digestField = "cramkit_weights";

/** SHA-256 over names, shapes and values. */
const digestOf = async ({ params, tokenizer }: SavedModel): Promise<string> => {
  const hash = createHash("sha256");
  for (const name of Object.keys(params).sort()) {
    const values = await params[name]!.data();
    hash.update(`${name} ${params[name]!.shape}\n`);
    hash.update(new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength));
  }
  return hash.update(JSON.stringify(tokenizer.toJSON())).digest("hex");
};

/**
 * The fields of `config.json` for an export into a folder: what another export of the same model has put there stays.
 *
 * @throws a fault `exists` if the folder holds another model, or the same for another task
 */
export const meetingFields = async (
  folder: string,
  model: SavedModel,
  fields: HuggingFaceConfig,
): Promise<HuggingFaceConfig> => {
  const path = join(folder, "config.json");
  const there = (await readJson(path)) as HuggingFaceConfig | undefined;
  const own = { ...fields, [digestField]: await digestOf(model) };
  const differs = (field: string) =>
    JSON.stringify(there?.[field]) !== JSON.stringify((own as HuggingFaceConfig)[field]);
  if (there && (differs(digestField) || differs("architectures"))) {
    const isOther = differs(digestField);
    throw fault({
      code: "exists",
      place: path,
      problem: isOther
        ? "expected a new folder, or one with an export of the same model, got one of another model"
        : `expected an export for the same task, got one with ${JSON.stringify(there.architectures)}`,
      remedy: "export into another folder, or remove this one first",
    });
  }
  return { ...there, ...own };
};
