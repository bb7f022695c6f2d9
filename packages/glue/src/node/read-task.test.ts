import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type GlueName, glueNames, glueTasks } from "../tasks/glue-tasks.ts";
import { glueTasksIn, readGlue } from "./read-task.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cramkit-glue-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (path: string, content: string | Uint8Array): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
};
const tsv = (...rows: string[][]): string => rows.map((row) => `${row.join("\t")}\n`).join("");

describe("official TSV files", () => {
  it("CoLA: no header but in the test set, no line feed at the end", async () => {
    await write("CoLA/train.tsv", tsv(["gj04", "1", "", "One."], ["gj04", "0", "*", "Two of."]));
    await write("CoLA/dev.tsv", "gj04\t1\t\tThe last line has no end.");
    await write("CoLA/test.tsv", tsv(["index", "sentence"], ["0", "Unknown."]));
    const { train, evaluations, tests, officialTrainRows } = await readGlue(folder, "cola", { tests: true });
    expect(train).toEqual([
      { text: "One.", label: 1 },
      { text: "Two of.", label: 0 },
    ]);
    expect(officialTrainRows).toBe(8551);
    expect(evaluations).toEqual([
      { name: "dev", column: "CoLA", examples: [{ text: "The last line has no end.", label: 1 }], officialRows: 1043 },
    ]);
    expect(tests).toEqual([{ name: "test", column: "CoLA", examples: [{ text: "Unknown." }], officialRows: 1063 }]);
  });

  it("MRPC: byte order mark, quotation marks, carriage returns and odd separators are handled as text or dropped", async () => {
    const header = ["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"];
    await write("MRPC/train.tsv", tsv(header, ["0", "1", "2", 'He said " no', "a\u2028b"]));
    await write("MRPC/dev.tsv", `\ufeff${tsv(header, ["1", "1", "2", 'All "right"', '"'])}`.replaceAll("\n", "\r\n"));
    const { train, evaluations } = await readGlue(folder, "mrpc");
    expect(train).toEqual([{ text: 'He said " no', pair: "a\u2028b", label: 0 }]);
    expect(evaluations[0]!.examples).toEqual([{ text: 'All "right"', pair: '"', label: 1 }]);
  });

  it("MNLI: two dev sets, gold labels in the published order, rows without one left out, AX as a test set", async () => {
    const header = ["index", "sentence1_parse", "sentence1", "sentence2", "label1", "gold_label"];
    const row = (gold: string) => ["0", "(ROOT)", "One.", "Two.", "neutral", gold];
    await write("MNLI/train.tsv", tsv(header, row("entailment"), row("neutral"), row("-"), row("contradiction")));
    await write("MNLI/dev_matched.tsv", tsv(header, row("neutral")));
    await write("MNLI/dev_mismatched.tsv", tsv(header, row("contradiction")));
    await write("diagnostic/diagnostic.tsv", tsv(["index", "sentence1", "sentence2"], ["0", "a", "b"]));
    const data = await readGlue(folder, "mnli", { tests: true });
    expect(data.train.map(({ label }) => label)).toEqual([0, 1, 2]);
    expect(data.evaluations.map(({ column, examples }) => [column, examples[0]!.label])).toEqual([
      ["MNLI-m", 1],
      ["MNLI-mm", 2],
    ]);
    expect(data.tests).toMatchObject([{ name: "ax", column: "AX", examples: [{ text: "a", pair: "b" }] }]);
    expect(data.notes).toEqual(["MNLI/train.tsv: 1 rows without a gold label are left out"]);
  });

  it("refuses a row with more fields than columns: its text would be cut off", async () => {
    const header = ["sentence", "label"];
    await write("SST-2/train.tsv", tsv(header, ["fine", "1"], ["a tab\there", "0"]));
    await write("SST-2/dev.tsv", tsv(header, ["fine", "1"]));
    await expect(readGlue(folder, "sst2")).rejects.toThrow(
      /train\.tsv:3: expected 2 columns, got 3; the row is damaged/,
    );
  });

  it("reads a line in time that grows with it, and refuses one that no task has", async () => {
    const header = ["sentence", "label"];
    await write("SST-2/train.tsv", tsv(header, ["word ".repeat(3_000_000), "1"]));
    await write("SST-2/dev.tsv", tsv(header, ["fine", "1"]));
    expect((await readGlue(folder, "sst2")).train[0]!.text).toHaveLength(15_000_000);
    await write("SST-2/train.tsv", tsv(header, ["word ".repeat(4_000_000), "1"]));
    await expect(readGlue(folder, "sst2")).rejects.toThrow(/train\.tsv:2: expected lines of at most 16777216 char/);
  });

  it("QQP: rows with missing fields are left out and counted", async () => {
    const header = ["id", "qid1", "qid2", "question1", "question2", "is_duplicate"];
    const row = ["1", "2", "3", "Why?", "What for?", "1"];
    await write("QQP/train.tsv", tsv(header, row, ["2", "4", "5", "Broken off"], row));
    await write("QQP/dev.tsv", tsv(header, row));
    const data = await readGlue(folder, "qqp");
    expect(data.train).toHaveLength(2);
    expect(data.notes).toEqual(["QQP/train.tsv: 1 rows with missing fields are left out"]);
  });

  it("STS-B: raw scores", async () => {
    const header = ["index", "sentence1", "sentence2", "score"];
    await write("STS-B/train.tsv", tsv(header, ["0", "a", "b", "3.800"]));
    await write("STS-B/dev.tsv", tsv(header, ["0", "a", "b", "0"]));
    expect((await readGlue(folder, "stsb")).train[0]!.label).toBe(3.8);
  });
});

describe("Parquet files of the hub", () => {
  const parquet = (
    columns: Record<string, unknown[]>,
    names?: string[],
    written: Partial<Parameters<typeof parquetWriteBuffer>[0]> & { dtype?: string; encoding?: "DELTA_BYTE_ARRAY" } = {},
  ): Uint8Array => {
    const { dtype = "float32", encoding, ...options } = written;
    const features = { label: names ? { names, _type: "ClassLabel" } : { dtype, _type: "Value" } };
    return new Uint8Array(
      parquetWriteBuffer({
        ...options,
        columnData: Object.entries(columns).map(([name, data]) => ({
          name,
          data: data as string[],
          ...(encoding && typeof data[0] === "string" && { encoding }),
        })),
        kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }],
      }),
    );
  };
  const twoWay = ["entailment", "not_entailment"];
  const rte = (labels: bigint[], names = twoWay) =>
    parquet(
      {
        sentence1: labels.map((_, i) => `first ${i}`),
        sentence2: labels.map((_, i) => `second ${i}`),
        label: labels,
        idx: labels,
      },
      names,
    );

  it("are read shard by shard, in order", async () => {
    await write("rte/train-00001-of-00002.parquet", rte([1n]));
    await write("rte/train-00000-of-00002.parquet", rte([0n, 1n]));
    await write("rte/validation-00000-of-00001.parquet", rte([1n]));
    await write("rte/test-00000-of-00001.parquet", rte([-1n, -1n]));
    const { train, evaluations, tests } = await readGlue(folder, "rte", { tests: true });
    expect(train.map(({ text, label }) => [text, label])).toEqual([
      ["first 0", 0],
      ["first 1", 1],
      ["first 0", 1],
    ]);
    expect(evaluations[0]!.examples).toEqual([{ text: "first 0", pair: "second 0", label: 1 }]);
    expect(tests![0]!.examples).toEqual([0, 1].map((i) => ({ text: `first ${i}`, pair: `second ${i}` })));
    expect(await glueTasksIn(folder)).toEqual(["rte"]);
  });

  it("hide the labels that the hub has for a test set", async () => {
    const names = ["not_equivalent", "equivalent"];
    for (const split of ["train", "validation", "test"])
      await write(`mrpc/${split}-00000-of-00001.parquet`, rte([1n], names));
    expect((await readGlue(folder, "mrpc", { tests: true })).tests![0]!.examples[0]).not.toHaveProperty("label");
  });

  it("are read as other tools write them: compressed otherwise, labels without names", async () => {
    const columns = { sentence1: ["a ".repeat(50)], sentence2: ["b"], label: [1n] };
    const gzip = { codec: "GZIP", compressors: { GZIP: (bytes: Uint8Array) => gzipSync(bytes) } } as const;
    const file = parquet(columns, undefined, { ...gzip, dtype: "int64" });
    for (const split of ["train", "validation"]) await write(`rte/${split}-00000-of-00001.parquet`, file);
    expect((await readGlue(folder, "rte")).train).toEqual([{ text: "a ".repeat(50), pair: "b", label: 1 }]);
  });

  it("hold scores for STS-B", async () => {
    const scores = parquet({ sentence1: ["a"], sentence2: ["b"], label: [2.5] });
    for (const split of ["train", "validation"]) await write(`stsb/${split}-00000-of-00001.parquet`, scores);
    expect((await readGlue(folder, "stsb")).train).toEqual([{ text: "a", pair: "b", label: 2.5 }]);
  });

  it.each<[string, () => Promise<void>, RegExp]>([
    [
      "a missing shard",
      () => write("rte/train-00000-of-00002.parquet", rte([0n])),
      /expected 2 shards of train, got 1; download the missing/,
    ],
    [
      "a file cut short",
      () => write("rte/train-00000-of-00001.parquet", rte([0n, 1n]).slice(0, 100)),
      /train-00000-of-00001.parquet: expected a Parquet file, got one that cannot be read/,
    ],
    [
      "another task's columns",
      () =>
        write("rte/train-00000-of-00001.parquet", parquet({ question: ["q"], sentence: ["s"], label: [0n] }, twoWay)),
      /expected the columns sentence1, sentence2, label of RTE, got question, sentence, label/,
    ],
    [
      "another task's labels",
      () => write("rte/train-00000-of-00001.parquet", rte([0n], ["not_entailment", "entailment"])),
      /expected the labels entailment, not_entailment of RTE, got not_entailment, entailment/,
    ],
    [
      "an unknown label",
      () => write("rte/train-00000-of-00001.parquet", rte([0n, 2n])),
      /row 1: expected a label of RTE, got 2/,
    ],
    [
      "differences, whose reader need not end",
      () => {
        const columns = { sentence1: ["a"], sentence2: ["b"], label: [0n], idx: [0n] };
        return write(
          "rte/train-00000-of-00001.parquet",
          parquet(columns, twoWay, { encoding: "DELTA_BYTE_ARRAY", codec: "UNCOMPRESSED" }),
        );
      },
      /train-00000-of-00001.parquet: expected a Parquet file, .*a page in DELTA_BYTE_ARRAY, which no file of GLUE has/,
    ],
  ])("are refused with %s", async (_, prepare, message) => {
    await write("rte/validation-00000-of-00001.parquet", rte([1n]));
    await prepare();
    await expect(readGlue(folder, "rte")).rejects.toThrow(message);
  });
});

describe("bad input is named with file, line and remedy", () => {
  const nli = ["index", "sentence1", "sentence2", "label"];
  const good = tsv(nli, ["0", "a", "b", "entailment"]);
  it.each<[string, GlueName, string | Uint8Array | undefined, RegExp]>([
    [
      "a missing file",
      "rte",
      undefined,
      /RTE\/train.tsv: expected this file, or .*rte\/train-00000-of-00001.parquet, got neither; download GLUE/,
    ],
    ["an empty file", "rte", "", /RTE\/train.tsv: expected rows of RTE, got none; the file is cut short/],
    ["a header alone", "rte", tsv(nli), /expected rows of RTE, got none/],
    [
      "a file cut short",
      "rte",
      good.repeat(1).slice(0, -13),
      /train.tsv:2: expected 4 columns, got 3 where the file ends; the file is cut short: download it again/,
    ],
    [
      "a file cut within a label",
      "rte",
      good.slice(0, -4),
      /train.tsv:2: expected one of the labels entailment, not_entailment of RTE, got "entailm"/,
    ],
    [
      "a damaged row",
      "rte",
      tsv(nli, ["0", "a"], ["1", "a", "b", "entailment"]),
      /train.tsv:2: expected 4 columns, got 2; the row is damaged/,
    ],
    [
      "a column missing",
      "rte",
      tsv(["index", "sentence1", "label"], ["0", "a", "entailment"]),
      /train.tsv:1: expected the columns sentence1, sentence2, label of RTE, got index, sentence1, label; put the file/,
    ],
    [
      "an unknown label",
      "rte",
      tsv(nli, ["0", "a", "b", "maybe"]),
      /train.tsv:2: expected one of the labels entailment, not_entailment of RTE, got "maybe"; correct the row/,
    ],
    [
      "a score out of range",
      "stsb",
      tsv(["sentence1", "sentence2", "score"], ["a", "b", "5.5"]),
      /train.tsv:2: expected a score from 0 to 5, got "5.5"/,
    ],
    [
      "an empty score",
      "stsb",
      tsv(["sentence1", "sentence2", "score"], ["a", "b", ""]),
      /expected a score from 0 to 5, got ""/,
    ],
    [
      "a header in CoLA",
      "cola",
      tsv(["sentence", "label"], ["a", "1"]),
      /train.tsv:1: expected .* CoLA, got sentence, label; these are the columns of SST-2/,
    ],
    [
      "bytes that are no text",
      "rte",
      Uint8Array.of(105, 10, 0xff, 10),
      /train.tsv:1: expected UTF-8 text from here on/,
    ],
    [
      "QNLI in the folder of RTE",
      "rte",
      tsv(["index", "question", "sentence", "label"], ["0", "a", "b", "entailment"]),
      /these are the columns of QNLI: put the folder of the right task there/,
    ],
    [
      "RTE in the folder of WNLI",
      "wnli",
      good,
      /expected one of the labels 0, 1 of WNLI, got "entailment"; RTE has this label: put the folder of WNLI there/,
    ],
    [
      "a test set in place of a training set",
      "sst2",
      tsv(["index", "sentence"], ["0", "a"]),
      /train.tsv:1: expected the columns sentence, label of SST-2, got index, sentence; these are the columns of a test set/,
    ],
    [
      "a test set of CoLA",
      "cola",
      tsv(["index", "sentence"], ["0", "a"]),
      /train.tsv:1: expected 4 columns .* of a test set, which has no labels and cannot be trained on or scored: put CoLA/,
    ],
    ["CoLA in the folder of SST-2", "sst2", tsv(["gj04", "1", "", "One."]), /these are the columns of CoLA/],
    [
      "too many rows",
      "wnli",
      tsv(nli) + "0\ta\tb\t1\n".repeat(636),
      /expected at most the 635 rows of WNLI train, got 636/,
    ],
  ])("%s", async (_, name, content, message) => {
    const path = glueTasks[name].train.tsv.path;
    if (content !== undefined) await write(path, content);
    else await mkdir(dirname(join(folder, path)), { recursive: true });
    await expect(readGlue(folder, name)).rejects.toThrow(message);
  });

  it("a folder that is not there, a task that is none", async () => {
    await expect(readGlue(join(folder, "no"), "rte")).rejects.toThrow(
      /expected a folder with GLUE, got .*no; pass the folder/,
    );
    await expect(readGlue(folder, "sst-2" as GlueName)).rejects.toThrow(
      `expected one of ${glueNames.join(", ")}, got sst-2`,
    );
  });
});
