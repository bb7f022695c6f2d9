import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { synonyms } from "../scripts/dialect.mjs";
import { sourcesOf } from "../scripts/optional-properties.mjs";

/** Flags of the command line keep the short names that people know: `--dir`. */
const flags = /^options\/[a-z-]+-options\.ts$/;

it.each(readdirSync("packages"))("%s has one word for one thing", (name) => {
  const found = sourcesOf(`packages/${name}/src`).flatMap(([file, text]) =>
    name === "cramkit" && flags.test(file) ? [] : synonyms(text, file).map((synonym) => `${file}: ${synonym}`),
  );
  expect(found).toEqual([]);
});

it("finds a planted synonym of each word, in types and parameters", () => {
  const text = `
    interface Options { directory?: string; readonly workers: number; hubUrl: string; token?: string }
    const f = (resultsDir: string, { endpoint }: { endpoint: string; seqLen: number }) => resultsDir;
    function g(maxSeqLength: number, apiToken: string) {}
    interface Fine { folder: string; threads: number; token: string; maxLength: number }
    const directory = "a local name";`;
  expect(synonyms(text)).toEqual([
    "token: say accessToken",
    "directory: say folder",
    "workers: say threads",
    "resultsDir: say folder",
    "endpoint: say hubUrl",
    "seqLen: say seqLength, the length of a row",
    "maxSeqLength: say maxLength, a limit",
    "apiToken: say accessToken",
  ]);
});
