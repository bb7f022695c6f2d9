import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@cramkit/files";
import { type ModelConfig, parameterCount } from "@cramkit/model";
import type { ExportTask } from "./export-task.ts";
import { graphFiles, graphsIn } from "./onnx-files.ts";
import type { EmbeddingExport } from "./sentence-transformers.ts";

/** By which a card of ours is known: one that somebody has made their own is left alone. */
const marker = "<!-- Written by `cramkit export`, and anew by each. Remove this line to keep your changes. -->";

export interface ModelCard {
  readonly task: ExportTask;
  readonly config: ModelConfig;
  /** Whether `transformers` loads the folder, and what it must be told for that. */
  readonly python: "none" | "plain" | "remote code";
  /**
   * How a model of embeddings pools, and the longest text that it takes.
   * @defaultValue the model is none
   */
  readonly embedding?: EmbeddingExport | undefined;
  /** @defaultValue the card names no command */
  readonly command?: string | undefined;
  /** @defaultValue none but the sizes of model and files */
  readonly facts?: readonly (readonly [name: string, value: string])[] | undefined;
}

/** Writes `README.md`, a model card as the hub shows it, unless somebody else wrote the one that is there. */
export const writeModelCard = async (folder: string, card: ModelCard): Promise<void> => {
  const path = join(folder, "README.md");
  const there = await readFile(path, "utf8").catch(() => undefined);
  if (there !== undefined && !there.includes(marker)) return;
  const graphs = await graphsIn(folder);
  const files: [string, string][] = [];
  const weights = (await readdir(folder)).filter((name) => /^model(-\d+-of-\d+)?\.safetensors$/.test(name)).sort();
  for (const name of [...weights, ...graphs.map((one) => join("onnx", graphFiles[one]))]) {
    const bytes = (await stat(join(folder, name)).catch(() => undefined))?.size;
    if (bytes !== undefined) files.push([`\`${name}\``, `${(bytes / 1e6).toFixed(2)} MB`]);
  }
  await writeFileAtomic(path, cardText(card, files, graphs.length > 0));
};

const cardText = (
  { task, config, python, command, embedding, facts = [] }: ModelCard,
  files: [string, string][],
  hasGraphs: boolean,
): string => {
  const { head } = config;
  const pooling = embedding?.pooling;
  const longest = embedding?.maxLength ?? config.maxLength;
  const libraries = [...(python === "none" ? [] : ["transformers"]), ...(hasGraphs ? ["transformers.js"] : [])];
  const sample = task === "fill-mask" ? "a text with a <mask>" : "a text";
  const all: (readonly [string, string])[] = [
    ["parameters", parameterCount(config).toLocaleString("en-US")],
    ["layers, width, heads", `${config.layers}, ${config.hidden}, ${config.heads}`],
    ["longest text", `${longest} tokens`],
    ...("labels" in head ? [["labels", String(head.labels)] as const] : []),
    ...facts,
    ...files,
  ];
  const pools = pooling === "first" ? "cls" : "mean";
  const call = pooling === undefined ? "" : `, { pooling: "${pools}", normalize: true }`;
  const javascript = `
\`\`\`js
import { pipeline } from "@huggingface/transformers";

const run = await pipeline("${task}", FOLDER);
console.log(await run("${sample}"${call}));
\`\`\`
`;
  const remote = python === "remote code" ? ", trust_remote_code=True" : "";
  const sentences = `
\`\`\`python
from sentence_transformers import SentenceTransformer

sentences = SentenceTransformer(FOLDER${remote})
print(sentences.encode("${sample}"))
\`\`\`
`;
  const plain = `
\`\`\`python
from transformers import pipeline

run = pipeline("${task}", model=FOLDER${remote})
print(run("${sample}"))
\`\`\`
`;
  const inPython = pooling === undefined ? plain : sentences;
  const notes = [
    ...(pooling === undefined || python === "none"
      ? []
      : ["The files for sentence-transformers follow its documentation; they have not been tried with it."]),
    ...(head.type === "regression"
      ? [
          "The pipeline of transformers.js gives 1 for every text, as it knows no regression: read `logits` of the model.",
        ]
      : []),
    ...(hasGraphs
      ? [
          `The tokenizer of transformers.js cuts a text of more than ${longest} tokens with its last separator, and so its scores differ a little from those in Python.`,
        ]
      : []),
    ...(config.typeVocabSize > 0 && hasGraphs
      ? ["For pairs of texts pass `return_token_type_ids: true` to the tokenizer of transformers.js."]
      : []),
  ];
  return `---
pipeline_tag: ${task}
library_name: ${libraries[0] ?? "onnx"}
tags:
${[...libraries, "cramkit"].map((tag) => `- ${tag}`).join("\n")}
---

${marker}

# ${task}

An encoder that was trained with [Cramkit](https://github.com/cramkit/cramkit).

| what | value |
| --- | --- |
${all.map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`).join("\n")}
${hasGraphs ? javascript : ""}${python === "none" ? "" : inPython}${notes.map((note) => `\n${note}\n`).join("")}${command === undefined ? "" : `\nMade by\n\n\`\`\`sh\n${command}\n\`\`\`\n`}`;
};

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
