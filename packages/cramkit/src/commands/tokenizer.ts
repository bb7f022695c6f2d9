import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { fileDocuments } from "@cramkit/corpus/node";
import { isFault, reworded } from "@cramkit/errors";
import { writeFileAtomic } from "@cramkit/files";
import { Interrupted, stopPoint } from "@cramkit/recipes";
import {
  crammingTokenizerOptions,
  type Tokenizer,
  type TrainOptions,
  tokenizerFromJson,
  trainTokenizer,
  VocabSizeError,
} from "@cramkit/tokenizer";
import { Command, Option } from "commander";
import { requireWritableFile } from "../options/require-writable-file.ts";
import { wholeNumber } from "../options/whole-number.ts";
import { print } from "../terminal/output.ts";
import { session } from "../terminal/session.ts";

interface TrainCommandOptions {
  readonly out: string;
  readonly model: TrainOptions["model"];
  readonly vocabSize: number;
}

const load = async (file: string): Promise<Tokenizer> => {
  const json = await readFile(file, "utf8").catch((error) => {
    throw Object.assign(error, { path: file }); // a folder's own error does not name it
  });
  try {
    return tokenizerFromJson(json);
  } catch (error) {
    throw isFault(error) ? reworded(error, { place: file }) : error; // of this file, not of any tokenizer.json
  }
};

/** The setting by the name that it has here. */
const inOptions = (error: unknown): never => {
  if (!(error instanceof VocabSizeError)) throw error;
  const { limit, vocabSize, remedy } = error;
  throw new RangeError(`--vocab-size: expected ${limit}, got ${vocabSize}; ${remedy}`, { cause: error });
};

export const tokenizerCommand = (): Command => {
  const command = new Command("tokenizer").description("train or run a tokenizer");
  command
    .command("train")
    .description("train a tokenizer with the study's normalisation and special tokens")
    .argument("<paths...>", "files or folders of text (.txt, .jsonl, .json, .csv, .tsv, .parquet, also as .gz or .zst)")
    .requiredOption("--out <file>", "file to write (tokenizer.json)")
    .addOption(
      new Option("--model <name>", "model to train")
        .choices(["WordPiece", "BPE", "Unigram", "WordLevel"])
        .default("WordPiece"),
    )
    .option("--vocab-size <count>", "number of entries, including special tokens", wholeNumber(1, 1 << 20), 32_768)
    .action(async (paths: string[], { out, model, vocabSize }: TrainCommandOptions) => {
      await requireWritableFile(out); // not after an hour of training
      const documents = fileDocuments({ path: paths });
      await session(async ({ onProgress, say, signal }) => {
        const pause = stopPoint({ signal }, `stopped; nothing was written to ${out}`);
        const texts = async function* () {
          for await (const { text } of documents) {
            await pause();
            yield text;
          }
        };
        const tokenizer = await trainTokenizer(texts(), {
          ...crammingTokenizerOptions({ vocabSize }),
          model,
          onProgress: ({ phase, documents, characters, fraction }) => {
            if (signal?.aborted) throw new Interrupted(`stopped; nothing was written to ${out}`);
            onProgress(
              phase === "count"
                ? {
                    stage: "reading",
                    done: documents,
                    unit: "documents",
                    detail: `${(characters / 1e6).toFixed(1)} MB`,
                  }
                : { stage: "training", done: fraction, total: 1, unit: "%" },
            );
          },
        }).catch(inOptions);
        await pause();
        await writeFileAtomic(out, JSON.stringify(tokenizer.toJSON()));
        say(`${out}: ${tokenizer.vocabSize.toLocaleString("en-US")} entries`);
      }, "stopping");
    });
  command
    .command("encode")
    .description("print the ids of a text, or of standard input")
    .argument("<tokenizer>", "a tokenizer.json")
    .argument("[text]", "text; standard input if it is missing")
    .action(async (file: string, text?: string) => {
      const tokenizer = await load(file);
      print(Array.from(tokenizer.encodeIds(text ?? (await readAll(process.stdin)))).join(" "));
    });
  command
    .command("decode")
    .description("print the text of ids, or of ids on standard input")
    .argument("<tokenizer>", "a tokenizer.json")
    .argument("[ids...]", "ids; standard input if there are none")
    .action(async (file: string, given: string[]) => {
      const tokenizer = await load(file);
      const words = given.length > 0 ? given : (await readAll(process.stdin)).split(/\s+/).filter(Boolean);
      const wrong = words.find((word) => !/^\d+$/.test(word));
      if (wrong !== undefined) throw new RangeError(`tokenizer decode: expected ids, whole numbers, got "${wrong}"`);
      const unknown = words.find((word) => tokenizer.idToToken(Number(word)) === undefined);
      if (unknown !== undefined)
        throw new RangeError(
          `tokenizer decode: expected ids of ${file}, which are below ${tokenizer.idLimit}, got ${unknown}; is it this tokenizer's?`,
        );
      print(tokenizer.decode(words.map(Number)));
    });
  return command;
};
