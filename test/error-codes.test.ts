import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

// What a caller did wrong, or what a user's data lack, is a `fault`: it has a code, and a remedy apart from its words. An error
// without one is a promise of our own that was broken, which nobody can tell apart or mend.

/** Files whose plain errors stay, each with its reason. */
const exceptions: Readonly<Record<string, string>> = {
  "corpus/src/node/sources/parquet/": "the reason goes into the fault that names the file and the byte",
  "corpus/src/node/sources/zstd-": "the reason goes into the fault that names the file and the byte",
  "corpus/src/node/sources/bytes.ts": "the reason goes into the fault that names the file and the byte",
  "corpus/src/node/sources/json-value.ts": "the reason goes into the record that is bad",
  "corpus/src/node/hub/documents.ts": "the reason goes into the fault that names the hub",
  "corpus/src/node/shuffle.ts": "keys that our own code makes",
  "cramkit/src/main.ts": "the end of the command line, which prints it",
  "cramkit/src/terminal/ranks.ts": "an error of another rank that had no code there",
  "glue/src/node/read-records.ts": "the reason goes into the fault that names the file",
  "recipes/src/embeddings/write-vector-file.ts": "a promise of checkpoint",
  "recipes/src/team.ts": "an error of another rank that had no code there",
  "random/src": "stands on no other package, errors included",
  "tokenizer/src/regex/": "what the parser of expressions says goes into the fault of whoever compiles one",
  "tokenizer/src/normalizers/precompiled.ts":
    "the field of tokenizer.json that it stands in puts it into its own fault",
  "backend/src/cuda-emulator.ts": "builds the emulator of the tests",
  "backend/src/cuda/": "arguments of our own kernels",
  "backend/src/cpu/module.ts": "a module that our own build makes",
  "backend/src/cpu/threads.ts": "arguments of our own kernels",
  "backend/src/cpu/library/": "calls that our own code makes",
  "ops/src/webgpu/": "what reaches a kernel was checked by the model",
  "ops/src/attention/webgpu/": "what reaches a kernel was checked by the model",
  "ops/src/optimizer/": "what reaches a kernel was checked by the optimizer",
  "backend/src/webgpu/uniforms.ts": "arguments of our own kernels",
};

/** Plain errors that a source throws or makes, by line. */
const plainErrors = (file: string, text: string): string[] => {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isNewExpression(node) &&
      /^(Range|Type|Syntax)?Error$/.test(node.expression.getText()) &&
      node.arguments?.length
    )
      found.push(`${file}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
};

const sources = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.(test|testing|generated)\.ts$|(^|\/)testing\//.test(file))
    .map((file) => join(folder, file));

const isExcepted = (file: string): boolean =>
  Object.keys(exceptions).some((path) => file.startsWith(join("packages", path)));

it.each(readdirSync("packages"))("errors of %s have codes", (name) => {
  const found = sources(`packages/${name}/src`)
    .filter((file) => !isExcepted(file))
    .flatMap((file) => plainErrors(file, readFileSync(file, "utf8")));
  expect(found).toEqual([]);
});

it.each(Object.keys(exceptions))("the exception %s is needed", (path) => {
  const files = readdirSync("packages")
    .flatMap((name) => sources(`packages/${name}/src`))
    .filter((file) => file.startsWith(join("packages", path)));
  expect(files.flatMap((file) => plainErrors(file, readFileSync(file, "utf8")))).not.toEqual([]);
});

it("finds planted ones, and no fault", () => {
  const text =
    'throw new RangeError("x: expected a, got b");\nconst error = new Error(`c`);\nthrow fault({ type: TypeError });';
  expect(plainErrors("a.ts", text)).toEqual(["a.ts:1", "a.ts:2"]);
});
