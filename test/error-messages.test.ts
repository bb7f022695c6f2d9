import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

/** Where foreign errors get their codes: engines, Dawn and Node's loader say some things in words alone. */
const borders = [
  "packages/errors/src/foreign.ts",
  "packages/errors/src/explain.ts", // puts a message on one line
  "packages/backend/src/webgpu/webgpu-fault.ts",
  "benchmarks/src/bundle/vulkan.ts",
];

/** What looks for something in a text. Shortening it to a line is as bad: the words would have to be in that order. */
const searches = new Set([
  ...["match", "matchAll", "includes", "startsWith", "endsWith", "search", "indexOf", "lastIndexOf"],
  ...["split", "replace", "replaceAll", "slice", "substring", "at", "charAt"],
]);

/** The lines of a source that take an error's words apart, or decide by them. */
const parsesOf = (file: string, source: string): string[] => {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const report = (node: ts.Node) => {
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${file}:${line + 1}: ${node.getText().split("\n")[0]!.slice(0, 80)}`);
  };
  const aliases = aliasesIn(tree);
  const isWords = (node: ts.Expression): boolean => isWordsOf(node, aliases);
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression: subject } = node.expression;
      if (searches.has(name.text) && isWords(subject)) report(node);
      if (["test", "exec"].includes(name.text) && node.arguments.some(isWords)) report(node);
    }
    const isComparison =
      ts.isBinaryExpression(node) &&
      [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken].includes(
        node.operatorToken.kind,
      );
    const isLiteral = (side: ts.Expression) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side);
    const sides = isComparison ? [node.left, node.right] : [];
    if (sides.some(isWords) && sides.some(isLiteral)) report(node);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
};

const parts = ["message", "stack", "problem", "remedy"];

/** Names that a file gives to what an error says. */
const aliasesIn = (tree: ts.SourceFile): Set<string> => {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.initializer) {
      const { name, initializer } = node;
      if (ts.isIdentifier(name) && isWordsOf(initializer, names)) names.add(name.text);
      if (ts.isObjectBindingPattern(name) && isError(initializer))
        for (const element of name.elements)
          if (ts.isIdentifier(element.name) && parts.includes((element.propertyName ?? element.name).getText()))
            names.add(element.name.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return names;
};

/** Whether an expression is what an error says: `error.message`, `messageOf(error)`, `String(error)`, or a part of these. */
const isWordsOf = (node: ts.Expression, aliases: ReadonlySet<string>): boolean => {
  const isWords = (part: ts.Expression): boolean => isWordsOf(part, aliases);
  if (ts.isIdentifier(node)) return aliases.has(node.text);
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node))
    return isWords(node.expression);
  if (ts.isPropertyAccessExpression(node)) return parts.includes(node.name.text) && isError(node.expression);
  if (ts.isCallExpression(node)) {
    const { expression: called, arguments: given } = node;
    if (ts.isIdentifier(called) && ["messageOf", "problemOf"].includes(called.text)) return true;
    if (ts.isIdentifier(called) && called.text === "String") return given.some(isError);
    if (ts.isPropertyAccessExpression(called))
      return called.name.text === "toString" ? isError(called.expression) : isWords(called.expression);
  }
  if (ts.isTemplateExpression(node)) return node.templateSpans.some(({ expression }) => isError(expression));
  if (ts.isBinaryExpression(node)) return isWords(node.left) || isWords(node.right);
  return ts.isConditionalExpression(node) && (isWords(node.whenTrue) || isWords(node.whenFalse));
};

const errorNames = /^(error|err|e|cause|failure|failed|reason|fault|exception)$/i;

const isError = (node: ts.Expression): boolean => {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node))
    return (ts.isAsExpression(node) && /Error|Fault/.test(node.type.getText())) || isError(node.expression);
  if (ts.isPropertyAccessExpression(node)) return errorNames.test(node.name.text);
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) return node.expression.text === "explain";
  return ts.isIdentifier(node) && errorNames.test(node.text);
};

const sources = ["packages", "benchmarks", "scripts"]
  .flatMap((root) => readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => join(root, name)))
  .filter(
    (file) => /\.(ts|mjs)$/.test(file) && !/node_modules|\/dist\/|\.cache|\.generated\.|\.test(ing)?\./.test(file),
  )
  .map((file) => file.replaceAll("\\", "/"));

it("no source takes an error's message apart, or decides by it", () => {
  expect(sources.length).toBeGreaterThan(400);
  const found = sources
    .filter((file) => !borders.includes(file))
    .flatMap((file) => parsesOf(file, readFileSync(file, "utf8")));
  expect(found).toEqual([]);
});

it.each(borders)("%s is a border that is still there, and still one", (file) => {
  expect(parsesOf(file, readFileSync(file, "utf8")).length).toBeGreaterThan(0);
});

it.each([
  "if (/out of memory/.test(error.message)) retry();",
  'if ((error as Error).message.includes("ENOSPC")) retry();',
  'const lost = messageOf(error).startsWith("webgpu");',
  'const first = (error as Error).message.split("\\n")[0];',
  'if (String(error).match("lost")) retry();',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the planted source
  "const found = /lost/.exec(`${error}`);",
  'if (error.message === "cancelled") return;',
  'const why = error.message.trim().replace(/^\\w+: /, "");',
  'const [what] = explain(error).remedy!.split("; ");',
  'if (error.cause.message.endsWith("reset")) retry();',
  "const said = error.message.trim(); if (/lost/.test(said)) retry();",
  "const { message } = error as Error; if (message.startsWith('x')) retry();",
  "const { problem: said } = explain(error); said.split(';');",
  'if (/lost/.test(error instanceof Error ? error.message : "")) retry();',
])("finds a planted one: %s", (source) => {
  expect(parsesOf("planted.ts", source)).toHaveLength(1);
});

it.each([
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a source
  "say(`no checkpoint: ${problemOf(error)}; training goes on`);",
  'if (hasCode(error, "out-of-memory")) retry();',
  'if (error.code === "ENOENT") return;',
  "if (explain(error).remedy === undefined) return;",
  'const [name] = message.split(" ");',
])("leaves alone what reads no words: %s", (source) => {
  expect(parsesOf("planted.ts", source)).toEqual([]);
});
