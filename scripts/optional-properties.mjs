// The optional properties of exported interfaces and types, and of the options of exported functions, that do not say
// what leaving them out means: each needs a `@defaultValue` in its comment, which editors show on hover.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** `NAME.property` of each such property in a source. Objects that are written out within a property speak for themselves. */
export const withoutDefault = (text, file = "source.ts") => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  return source.statements
    .filter((node) => node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
    .flatMap(typesOf)
    .flatMap(([name, type]) =>
      membersOf(type)
        .filter((member) => ts.isPropertySignature(member) && member.questionToken && !hasDefault(member))
        .map((member) => `${name}.${member.name.getText()}`),
    );
};

/** The types that a statement declares: its own, or those of the parameters of its functions. */
const typesOf = (node) => {
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return [[node.name.text, node]];
  const functions = ts.isVariableStatement(node)
    ? node.declarationList.declarations.map(({ name, initializer }) => [name.getText(), initializer])
    : [[node.name?.text, node]];
  return functions.flatMap(([name, { parameters } = {}]) =>
    (parameters ?? []).flatMap(({ type }) => (type ? [[name, type]] : [])),
  );
};

const membersOf = (node) => {
  if (ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node)) return [...node.members];
  if (ts.isTypeAliasDeclaration(node)) return membersOf(node.type);
  if (ts.isIntersectionTypeNode(node) || ts.isUnionTypeNode(node)) return node.types.flatMap(membersOf);
  return ts.isParenthesizedTypeNode(node) ? membersOf(node.type) : [];
};

const hasDefault = (node) => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "defaultValue");

/** The published sources below a folder, with their text: no tests, nothing that is generated. */
export const sourcesOf = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts") && !/\.(test|testing|generated)\.ts$/.test(file))
    .map((file) => [file, readFileSync(join(folder, file), "utf8")]);
