#!/usr/bin/env node
// cramkit-worker SOURCE TARGET: the worker's TypeScript as a string of JavaScript in a TypeScript file.
import { readFile, writeFile } from "node:fs/promises";
import ts from "typescript";

const [source, target] = process.argv.slice(2);
const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, removeComments: true };
const { outputText } = ts.transpileModule(await readFile(source, "utf8"), { compilerOptions: options });
await writeFile(target, `export const worker = ${JSON.stringify(outputText)};\n`);
