import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

// What a caller did wrong, or what a user's data lack, is a `fault`: it has a code, and a remedy apart from its words. An error
// without one is a promise of our own that was broken, which nobody can tell apart or mend.

/** Packages whose older errors are still plain: how many there are left. None is added. */
const left: Readonly<Record<string, number>> = {
  ...{ corpus: 77, cramkit: 15, metrics: 7, recipes: 8, native: 4, model: 3 },
  ...{ checkpoint: 1, finetune: 1, glue: 1, parallel: 1, trainer: 1 },
};

/** Files whose plain errors stay, each with its reason. */
const exceptions: Readonly<Record<string, string>> = {
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
  expect(found.slice(left[name] ?? 0)).toEqual([]);
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
