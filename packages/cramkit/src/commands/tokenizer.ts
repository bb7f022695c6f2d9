import { text as readAll } from "node:stream/consumers";
import type { Document } from "@cramkit/corpus";
import { fileDocuments, hubDocuments } from "@cramkit/corpus/node";
import { fault, isFault, reworded, shown } from "@cramkit/errors";
import { readText, writeFileAtomic } from "@cramkit/files";
import { type HubWaits, hubWaits, Interrupted, stopPoint } from "@cramkit/recipes";
import {
  coverageCounter,
  crammingTokenizerOptions,
  type Tokenizer,
  tokenizerFromJson,
  trainTokenizer,
  VocabSizeError,
} from "@cramkit/tokenizer";
import { Command, Option } from "commander";
import { requireWritableFile } from "../options/require-writable-file.ts";
import { hubUri, type ReadingOptions, readingOf, withReading } from "../options/text-options.ts";
import { wholeNumber } from "../options/whole-number.ts";
import { print } from "../terminal/output.ts";
import { session } from "../terminal/session.ts";

const models = ["WordPiece", "BPE", "Unigram", "WordLevel"] as const;

interface TrainCommandOptions extends ReadingOptions {
  readonly out: string;
  readonly model: (typeof models)[number];
  readonly vocabSize: number;
  readonly keep: "english" | "cased" | "multilingual";
}

/** The documents of files, folders and datasets of the hub, read as the options say. */
async function* documentsOf(
  paths: readonly string[],
  options: ReadingOptions,
  hub: HubWaits,
): AsyncGenerator<Document> {
  const reading = readingOf(options);
  const [files, uris] = [false, true].map((isHub) => paths.filter((path) => path.startsWith("hf://") === isHub));
  if (files!.length > 0) yield* fileDocuments({ ...reading, path: files! });
  for (const uri of uris!) yield* hubDocuments({ ...reading, ...hub, uri: hubUri(uri) });
}

/** So many characters of the text are kept to see what the tokenizer loses of them. */
const sampleCharacters = 1_000_000;

/** A warning if the tokenizer loses more than 1 % of a text: what prepare says of all of it, here of its beginning. */
const lossWarning = (tokenizer: Tokenizer, sample: readonly string[]): string | undefined => {
  const cover = coverageCounter(tokenizer);
  let [characters, lost] = [0, 0];
  for (const text of sample) {
    const covered = cover(text, tokenizer.encodeIds(text, { splitSpecialTokens: true }));
    characters += covered.characters;
    lost += covered.deleted + covered.unknown;
  }
  if (lost <= 0.01 * characters) return undefined;
  return `warning: the tokenizer loses ${((100 * lost) / characters).toFixed(1)} % of the characters; --keep multilingual keeps every script, --keep cased too, and --model BPE has tokens for all of them`;
};

const load = async (file: string): Promise<Tokenizer> => {
  const json = await readText(file);
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
  throw fault({
    code: "invalid-input",
    place: "--vocab-size",
    problem: `expected ${limit}, got ${vocabSize}`,
    remedy,
    type: RangeError,
    cause: error,
  });
};

export const tokenizerCommand = (): Command => {
  const command = new Command("tokenizer").description("train or run a tokenizer");
  withReading(command.command("train"))
    .description("train a tokenizer with the study's normalisation and special tokens")
    .argument(
      "<paths...>",
      "files or folders of text (.txt, .jsonl, .json, .csv, .tsv, .parquet, also as .gz or .zst), or hf://datasets/OWNER/NAME",
    )
    .requiredOption("--out <file>", "file to write (tokenizer.json)")
    .addOption(new Option("--model <name>", "model to train").choices(models).default("WordPiece"))
    .option("--vocab-size <count>", "number of entries, including special tokens", wholeNumber(1, 1 << 20), 32_768)
    .addOption(
      new Option("--keep <name>", "what stays of the text: lower-case ASCII as in the study, or every script")
        .choices(["english", "cased", "multilingual"])
        .default("english"),
    )
    .action(async (paths: string[], options: TrainCommandOptions) => {
      const { out, model, vocabSize, keep } = options;
      await requireWritableFile(out); // not after an hour of training
      const sample: string[] = [];
      let sampled = 0;
      await session(async ({ onProgress, say, signal }) => {
        const kept = `stopped; nothing was written to ${out}`;
        const pause = stopPoint({ signal }, kept);
        const hub = hubWaits({ signal, say });
        const texts = async function* () {
          for await (const { text } of documentsOf(paths, options, hub)) {
            await pause();
            if (sampled < sampleCharacters) sampled += sample[sample.push(text.slice(0, sampleCharacters)) - 1]!.length;
            yield text;
          }
        };
        const tokenizer = await trainTokenizer(texts(), {
          ...crammingTokenizerOptions({ algorithm: model, vocabSize, text: keep }),
          onProgress: ({ phase, documents, characters, fraction }) => {
            if (signal?.aborted) throw new Interrupted(kept);
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
        const warning = lossWarning(tokenizer, sample);
        if (warning) say(warning);
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
      if (wrong !== undefined)
        throw fault({
          code: "invalid-input",
          place: "tokenizer decode",
          problem: `expected ids, whole numbers, got ${shown(wrong)}`,
          remedy: "write them with blanks between",
          type: RangeError,
        });
      const unknown = words.find((word) => tokenizer.idToToken(Number(word)) === undefined);
      if (unknown !== undefined)
        throw fault({
          code: "invalid-input",
          place: "tokenizer decode",
          problem: `expected ids that ${file} has, below ${tokenizer.idLimit}, got ${unknown}`,
          remedy: "is it this tokenizer's?",
          type: RangeError,
        });
      print(tokenizer.decode(words.map(Number)));
    });
  return command;
};
