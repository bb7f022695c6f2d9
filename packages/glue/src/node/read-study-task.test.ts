import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  bagOfWords,
  fieldSeparator,
  protocols,
  runTasks,
  type StudyTaskName,
  studyTaskNames,
  templateEncode,
} from "../index.ts";
import { readStudyTask, studyTasksIn } from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cramkit-study-tasks-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (path: string, content: string | Uint8Array): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
};
const jsonl = (...rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const joined = (...fields: string[]) => fields.join(fieldSeparator);

const rte = jsonl({ premise: "A cat sleeps.", hypothesis: "It rests.", label: "entailment", idx: 0 });
const wsc = { span1_index: 0, span1_text: "Mark", span2_index: 13, span2_text: "He" };

/** One file of each official download, for training and evaluation alike, and what it says. */
const official: Record<StudyTaskName, [files: Record<string, string>, examples: object[]]> = {
  boolq: [
    { "BoolQ/*.jsonl": jsonl({ question: "is it", passage: "It -- is. \u2028", idx: 0, label: true }) },
    [{ text: "is it", pair: "It -- is. \u2028", label: 1 }],
  ],
  cb: [
    { "CB/*.jsonl": jsonl({ premise: "A", hypothesis: "B", label: "neutral", idx: 0 }) },
    [{ text: "A", pair: "B", label: 2 }],
  ],
  copa: [
    { "COPA/*.jsonl": jsonl({ premise: "P", choice1: "C", choice2: "D", question: "cause", label: 1, idx: 0 }) },
    [{ text: joined("cause", "P", "C"), pair: "D", label: 1 }],
  ],
  multirc: [
    {
      "MultiRC/*.jsonl": jsonl({
        idx: 0,
        version: 1.1,
        passage: {
          text: "T",
          questions: [
            { question: "Q1", idx: 0, answers: [{ text: "a", idx: 0, label: 0 }, { text: "b", idx: 1, label: 1 }] }, // biome-ignore format: as there
            { question: "Q2", idx: 1, answers: [{ text: "c", idx: 2, label: 1 }] },
          ],
        },
      }),
    },
    [
      { text: joined("Q1", "T"), pair: "a", label: 0 },
      { text: joined("Q1", "T"), pair: "b", label: 1 },
      { text: joined("Q2", "T"), pair: "c", label: 1 },
    ],
  ],
  superglue_rte: [{ "RTE/*.jsonl": rte }, [{ text: "A cat sleeps.", pair: "It rests.", label: 0 }]],
  wic: [
    { "WiC/*.jsonl": jsonl({ word: "bank", sentence1: "One.", sentence2: "Two.", idx: 0, label: false, start1: 3 }) },
    [{ text: joined("bank", "One."), pair: "Two.", label: 0 }],
  ],
  wsc: [
    { "WSC/*.jsonl": jsonl({ text: "Mark is here. He is.", target: wsc, idx: 0, label: true }) },
    [{ text: joined("Mark is here. He is.", "0", "13", "Mark"), pair: "He", label: 1 }],
  ],
  axb: [
    {
      "RTE/train.jsonl": rte.replace("entailment", "not_entailment"),
      "AX-b/AX-b.jsonl": jsonl({ sentence1: "S", sentence2: "T", label: "not_entailment", logic: "Negation" }),
    },
    [{ text: "S", pair: "T", label: 1 }],
  ],
  axg: [
    {
      "RTE/train.jsonl": rte.replace("entailment", "not_entailment"),
      "AX-g/AX-g.jsonl": jsonl({ premise: "S", hypothesis: "T", label: "not_entailment", pair_id: 1 }),
    },
    [{ text: "S", pair: "T", label: 1 }],
  ],
  race: [
    {
      "RACE/*/high/1.txt": JSON.stringify({
        ...{ id: "high1.txt", article: "Long.", questions: ["Who?", "Why?"], answers: ["D", "A"] },
        options: [
          ["he", "she", "it", "they"],
          ["w", "x", "y", "z"],
        ],
      }),
    },
    [
      { text: joined("Who?", "Long."), pair: joined("A:he", "B:she", "C:it", "D:they"), label: 3 },
      { text: joined("Why?", "Long."), pair: joined("A:w", "B:x", "C:y", "D:z"), label: 0 },
    ],
  ],
  swag: [
    {
      "SWAG/*.csv":
        ",video-id,fold-ind,startphrase,sent1,sent2,gold-source,ending0,ending1,ending2,ending3,label\n" +
        '0,a,1,"She opened, ""then""",She,x,gold,e0,"e\n1",e2,e3,2\n',
    },
    [{ text: joined('She opened, "then"', "e0", "e\n1", "e2"), pair: "e3", label: 2 }],
  ],
};

const namesOf = (name: StudyTaskName): string[] =>
  name === "race" ? ["train", "dev"] : ["train", name.startsWith("ax") ? "train" : "val"];

describe("official files", () => {
  it.each(studyTaskNames)("%s", async (name) => {
    const [files, examples] = official[name];
    for (const [path, content] of Object.entries(files))
      for (const set of namesOf(name)) await write(path.replace("*", set), content);
    expect(await studyTasksIn(folder)).toContain(name);
    const data = await readStudyTask(folder, name);
    expect(data.evaluations[0]!.examples).toEqual(examples);
    expect(data.train).toEqual(
      name.startsWith("ax") ? [{ text: "A cat sleeps.", pair: "It rests.", label: 1 }] : examples,
    );
    for (const { label } of examples as { label: number }[]) expect(data.task.labels[label]).toBeDefined();
    expect(data.officialTrainRows).toBeGreaterThan(200);
  });
});

describe("Parquet files of the hub", () => {
  const shard = (folderName: string, split: string, columnData: ColumnSource[]) =>
    write(`${folderName}/${split}-00000-of-00001.parquet`, new Uint8Array(parquetWriteBuffer({ columnData })));
  const both = async (folderName: string, columns: ColumnSource[]) => {
    for (const split of ["train", "validation"]) await shard(folderName, split, columns);
  };

  it("MultiRC, one answer a row", async () => {
    await both("multirc", [
      ...["paragraph", "question", "answer"].map((name) => ({
        name,
        data: [name[0]!, name[1]!],
        type: "STRING" as const,
      })),
      { name: "label", data: [1n, 0n], type: "INT64" },
    ]);
    expect((await readStudyTask(folder, "multirc")).train).toEqual([
      { text: joined("q", "p"), pair: "a", label: 1 },
      { text: joined("u", "a"), pair: "n", label: 0 },
    ]);
  });

  it("SWAG, with numbers for labels", async () => {
    const fields = ["startphrase", "ending0", "ending1", "ending2", "ending3"];
    await both("regular", [
      ...fields.map((name) => ({ name, data: [name], type: "STRING" as const })),
      { name: "label", data: [3n], type: "INT64" },
    ]);
    expect((await readStudyTask(folder, "swag")).evaluations[0]!.examples).toEqual([
      { text: joined(...fields.slice(0, 4)), pair: "ending3", label: 3 },
    ]);
  });

  it("RACE, with a list of options", async () => {
    await both("all", [
      ...["article", "question"].map((name) => ({ name, data: [name], type: "STRING" as const })),
      { name: "options", data: [["a", "b", "c", "d"]], type: "JSON" },
      { name: "answer", data: ["B"], type: "STRING" },
    ]);
    expect((await readStudyTask(folder, "race")).train).toEqual([
      { text: joined("question", "article"), pair: joined("A:a", "B:b", "C:c", "D:d"), label: 1 },
    ]);
  });
});

describe("what is wrong", () => {
  it.each([
    ["a file of another task", official.cb[0]["CB/*.jsonl"]!, /train\.jsonl:1: expected a text of BoolQ as "question"/],
    [
      "a test set",
      jsonl({ question: "q", passage: "p", idx: 0 }),
      /expected a label of BoolQ, False or True, .* nothing; put/,
    ],
    ["another label", jsonl({ question: "q", passage: "p", label: 2 }), /expected a label of BoolQ, .* got 2; put the/],
    ["a damaged line", `${jsonl({ question: "q", passage: "p", label: true })}{"question": "q"`, /train\.jsonl:2: /],
    ["a list", "[1]\n", /train\.jsonl:1: expected a JSON object/],
    ["nothing", "\n", /expected 1 to the 9427 rows of BoolQ train, got 0/],
  ])("%s", async (_, content, message) => {
    await write("BoolQ/train.jsonl", content);
    await expect(readStudyTask(folder, "boolq")).rejects.toThrow(message);
  });

  it("a record of another form, a damaged CSV, a folder without files, another name", async () => {
    await write("MultiRC/train.jsonl", jsonl({ question: "q", passage: "p" }));
    await expect(readStudyTask(folder, "multirc")).rejects.toThrow(
      /expected a record of MultiRC, got one with question/,
    );
    await write("RACE/train/high/1.txt", JSON.stringify({ article: "x" }));
    await expect(readStudyTask(folder, "race")).rejects.toThrow(
      /1\.txt: expected a record of RACE, got one with article/,
    );
    await write("SWAG/train.csv", 'a,b\n1,"2\n');
    await expect(readStudyTask(folder, "swag")).rejects.toThrow(/expected a CSV file/);
    await expect(readStudyTask(folder, "wic")).rejects.toThrow(/train\.jsonl: expected this, or .*wic.train-00000/);
    await expect(readStudyTask(folder, "record" as "wic")).rejects.toThrow(/expected one of boolq, cb, .*, got record/);
  });
});

it("puts the separator of the model between fields", () => {
  const encode = templateEncode({ encodeIds: (text) => [...text].map(Number), firstId: 100, separatorId: 200 });
  expect(Array.from(encode(joined("12", "3", ""), joined("4", "5"), 32).ids)).toEqual([
    ...[100, 1, 2, 200, 3, 200, 200, 4, 200, 5, 200],
  ]);
});

it("are finetuned on and scored as any task", async () => {
  const rows = Array.from({ length: 400 }, (_, i) => {
    const options = ["red", "green", "blue", "grey"].map((color, k) => (k === i % 4 ? "gold" : color));
    return { article: `Story ${i}.`, questions: ["Which?"], options: [options], answers: ["ABCD"[i % 4]] };
  });
  for (const [i, row] of rows.entries())
    await write(`RACE/${i < 320 ? "train" : "dev"}/middle/${i}.txt`, JSON.stringify(row));
  const protocol = { ...protocols.RACE, trials: 1, maxLength: 64 };
  const [result] = await runTasks({ trainee: bagOfWords(), tasks: [await readStudyTask(folder, "race")], protocol });
  // By the words that are left of the other options.
  expect(result!.evaluations[0]!.scores.accuracy).toBeGreaterThan(0.9);
  expect(result!.evaluations[0]!.column).toBe("RACE");
});
