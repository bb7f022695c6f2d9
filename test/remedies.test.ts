import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { createProgram } from "../packages/cramkit/src/index.ts";
import { recipes } from "../packages/recipes/src/index.ts";

type Command = ReturnType<typeof createProgram>;

// Advice can be followed: what a message names (an option, a command, a setting) exists under that name where it appears.

interface Message {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** All strings of a source file; what a template puts in is an ellipsis. */
const messagesIn = (file: string): Message[] => {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found: Message[] = [];
  const visit = (node: ts.Node): void => {
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node))
      found.push({ file, line, text: node.text });
    if (ts.isTemplateExpression(node)) {
      const text = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("…");
      found.push({ file, line, text });
    }
    if (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
};

const messages = readdirSync("packages")
  .flatMap((name) => {
    const folder = join("packages", name, "src");
    return readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file)));
  })
  .filter((file) => file.endsWith(".ts"))
  .filter((file) => !/\.(test|testing|generated)\.ts$|\/page\/|\/style\.ts$/.test(file))
  .flatMap(messagesIn);

const program = createProgram();
const commandOf = (names: readonly string[]): Command | undefined =>
  names.reduce<Command | undefined>((at, name) => at?.commands.find((command) => command.name() === name), program);
const optionsOf = (command: Command): string[] => [
  ...command.options.flatMap(({ long }) => long ?? []),
  ...(command.parent ? optionsOf(command.parent) : []),
  "--help",
];

/** Options of other programs. */
const foreign =
  /^--(enable-unsafe-webgpu|enable-dawn-features|disable-warning|conditions|long|query-gpu|format|import|build|json)$/;

/** The commands in which a message of a file appears. */
const appearsIn = (file: string): string[] => {
  const [, name] = /^packages\/cramkit\/src\/commands\/([a-z-]+)\.ts$/.exec(file) ?? [];
  if (name && commandOf([name])) return [name];
  if (file === "packages/recipes/src/recipe/settings.ts" || /\/(recipe|text)-options\.ts$/.test(file))
    return ["run", "pretrain", "prepare"];
  if (/\/commands\/show-plan|\/sweep-options|\/report\/sweep\//.test(file)) return ["sweep", "study"];
  if (file.startsWith("packages/recipes/src/prepare/")) return ["run", "pretrain", "prepare", "resume"];
  if (file.startsWith("packages/cramkit/src/options/backend-options")) return ["verify", "fill-mask", "glue"];
  if (file === "packages/cramkit/src/options/data-options.ts") return ["finetune", "predict", "embed"];
  if (file === "packages/cramkit/src/options/standard-input.ts") return ["predict", "embed"];
  if (file.endsWith("training-command.ts") || file === "packages/recipes/src/run/folder.ts") return ["run", "pretrain"];
  if (/^packages\/(recipes|corpus|packer|tokenizer|trainer|optim|scheduler|files)\//.test(file))
    return ["run", "pretrain", "resume"];
  return program.commands.map((command) => command.name()).filter((command) => command !== "help");
};

/** A command in backticks, or on a line of its own. */
const quoted = /`(?:npx )?cramkit ([^`]*)`|^\s*cramkit (.*)$/gm;
const commandsIn = (messages: readonly Message[]) =>
  messages.flatMap((message) =>
    [...message.text.matchAll(quoted)].map(([, inline, alone]) => ({
      ...message,
      words: (inline ?? alone)!.split(/\s+/),
    })),
  );

it("finds messages at all, and what is wrong with one", () => {
  expect(messages.length).toBeGreaterThan(1000);
  expect(commandsIn(messages).length).toBeGreaterThan(12);
  const planted = (text: string, file = "packages/recipes/src/run/run.ts") => [{ file, line: 1, text }];
  expect(wrongCommands(planted("`cramkit resum RUN` goes on"))).toHaveLength(1);
  expect(wrongCommands(planted("`cramkit export RUN --backend cpu` writes it"))).toHaveLength(1);
  expect(wrongOptions(planted("name another folder with --dir"))).toEqual([
    "packages/recipes/src/run/run.ts:1: --dir is no option of resume",
  ]);
  expect(wrongOptions(planted("use --backend cpu", "packages/cramkit/src/commands/doctor.ts"))).toHaveLength(1);
  expect(wrongSettings(planted("raise rows.seqlength"))).toHaveLength(1);
});

const wrongCommands = (messages: readonly Message[]): string[] =>
  commandsIn(messages).flatMap(({ file, line, words }) => {
    const [name = "", second = ""] = words;
    if (name.includes("…")) return [];
    const command = commandOf([name, second]) ?? commandOf([name]);
    const place = `${file}:${line}: cramkit ${words.join(" ")}`;
    if (!command) return [`${place}: no such command`];
    const options = optionsOf(command);
    const unknown = words.filter((word) => word.startsWith("--") && !options.includes(word));
    return unknown.map((word) => `${place}: no option ${word}`);
  });

it("names commands that exist, with options that they take", () => {
  expect(wrongCommands(messages)).toEqual([]);
});

const wrongOptions = (messages: readonly Message[]): string[] =>
  messages.flatMap(({ file, line, text }) => {
    const bare = text.replace(quoted, "");
    // A string that is nothing but an option is one: of a command line that is put together.
    if (/^--\S*( [<[][\w.]+[>\]])?$/.test(bare)) return [];
    const named = [...bare.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option);
    return named
      .filter((option) => !foreign.test(option))
      .flatMap((option) =>
        appearsIn(file)
          .filter((name) => {
            const command = commandOf([name])!;
            return ![command, ...command.commands].some((one) => optionsOf(one).includes(option));
          })
          .map((name) => `${file}:${line}: ${option} is no option of ${name}`),
      );
  });

it("names options that exist in every command in which the message appears", () => {
  expect(wrongOptions(messages)).toEqual([]);
});

const known = Object.values(recipes).map((make) => make() as unknown as Record<string, unknown>);
/** Whether a recipe has the setting, or a null on the way to it. */
const exists = (path: string): boolean =>
  known.some((recipe) => {
    let node: unknown = recipe;
    for (const key of path.split(".")) {
      if (node === null) return true;
      if (typeof node !== "object" || !Object.hasOwn(node as object, key)) return false;
      node = (node as Record<string, unknown>)[key];
    }
    return true;
  });
const groups = Object.keys(known[0]!).filter((key) => typeof known[0]![key] === "object");
const setting = new RegExp(`(?<![\\w./"-])(${groups.join("|")})(\\.[a-zA-Z]+)+`, "g");
const isFile = /\.(json|jsonl|ts|js|safetensors|documents|bin|html|onnx)$/;

const wrongSettings = (messages: readonly Message[]): string[] =>
  messages
    .filter(({ file }) => /^packages\/(recipes|cramkit)\//.test(file))
    .filter(({ file }) => !file.endsWith("/model-card.ts")) // shows Python
    .flatMap(({ file, line, text }) =>
      [...text.matchAll(setting)]
        .map(([path]) => path)
        .filter((path) => !isFile.test(path) && !exists(path))
        .map((path) => `${file}:${line}: ${path}`),
    );

it("names settings that exist", () => {
  expect(wrongSettings(messages)).toEqual([]);
});
