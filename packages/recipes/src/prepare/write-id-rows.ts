import { createHash } from "node:crypto";
import { join } from "node:path";
import { idDocuments } from "@cramkit/corpus/node";
import { fault } from "@cramkit/errors";
import { writeFileAtomic } from "@cramkit/files";
import { writePreparedSet } from "@cramkit/packer/node";
import { randomStream, streamKey } from "@cramkit/random";
import type { Recipe } from "../recipe/recipe.ts";
import { rowOrder } from "../recipe/row-order.ts";
import { withAddedTokens } from "./added-tokens.ts";
import { digestsBeside } from "./beside-sets.ts";
import { configurationOf, type SetName, setNames } from "./prepared-folder.ts";
import { readyTokenizer } from "./ready-tokenizer.ts";
import { heldOutCharacters, textFiles } from "./texts.ts";
import type { PreparationOptions } from "./texts-and-tokenizer.ts";

type IdSource = Extract<Recipe["corpus"]["sources"][number], { kind: "ids" }>;

/** The source of a recipe whose text is ids already; undefined for one of text. */
export const idSource = ({ corpus, tokenizer }: Recipe): IdSource | undefined => {
  const source = corpus.sources.find((spec): spec is IdSource => spec.kind === "ids");
  if (source === undefined) return undefined;
  const refuse = (problem: string, remedy: string) => {
    throw fault({ code: "invalid-input", place: "corpus.sources", problem, remedy, type: RangeError });
  };
  if (corpus.sources.length > 1) refuse("expected ids alone, or texts, got both", "name one source of kind ids");
  if (tokenizer.from === null)
    refuse("expected the tokenizer that made the ids, got none", "name its tokenizer.json with tokenizer.from");
  return source;
};

/** Writes tokenizer, rows and held-out texts of a recipe whose documents are ids already. */
export const writeIdRows = async (source: IdSource, options: PreparationOptions): Promise<void> => {
  const { recipe, folder, context, stop } = options;
  const { from, vocabSize, add } = recipe.tokenizer;
  const tokenizer = withAddedTokens(await readyTokenizer(from!, vocabSize), add);
  await writeFileAtomic(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
  const { path, include, exclude, field } = source;
  const { float64 } = randomStream(streamKey(recipe.seed, "recipes/held-out"));
  const isHeldOut = (ids: Uint32Array) => {
    const bytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
    return float64(createHash("sha256").update(bytes).digest().readUIntBE(0, 6)) < recipe.evaluation.heldOut;
  };
  async function* documents(set: SetName, from = 0): AsyncGenerator<Uint32Array> {
    let number = 0;
    let read = 0;
    for await (const { ids } of idDocuments({ path, include, exclude, field, limit: tokenizer.idLimit })) {
      stop();
      context.onProgress({ stage: `reading ids for ${setNames[set]} rows`, done: ++read, unit: "records" });
      if (isHeldOut(ids) === (set === "heldOut") && number++ >= from) yield ids;
    }
  }

  const heldOutTexts: string[] = [];
  let characters = 0;
  for await (const ids of documents("heldOut")) {
    const text = tokenizer.decode(Array.from(ids));
    if ((characters += text.length) > heldOutCharacters) break;
    heldOutTexts.push(text);
  }
  await writeFileAtomic(textFiles(folder).heldOutTexts, JSON.stringify(heldOutTexts));
  const digests = await digestsBeside(folder);
  for (const set of ["training", "heldOut"] as const) {
    let kept = 0;
    await writePreparedSet(join(folder, setNames[set]), (from) => documents(set, from), {
      seqLength: recipe.rows.seqLength,
      vocabSize: tokenizer.idLimit,
      order: set === "training" ? rowOrder(recipe, tokenizer) : "shuffled",
      seed: recipe.seed,
      configuration: configurationOf(recipe),
      report: () => ({
        sources: [{ name: [path].flat().join(", "), documents: kept }],
        filters: [],
        digests,
        coverage: null,
      }),
      onProgress(progress) {
        kept = progress.documents;
        stop();
      },
    });
  }
};
