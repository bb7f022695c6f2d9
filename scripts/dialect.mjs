// One word for one thing: the names that options and parameters may not have, each with the word of the house.
import ts from "typescript";

const words = [
  [/^(directory|dirs?|resultsDir|outDir|[a-z]\w*(Dir|Directory))$/, "folder"],
  [/^(workers|numThreads|threadCount|workerCount|n[A-Z]\w*Threads)$/, "threads"],
  [/^(endpoint|baseUrl|hubEndpoint|hubAddress)$/, "hubUrl"],
  [/^(authToken|apiToken|apiKey|hubToken|hfToken)$/, "accessToken"],
  [/^(seqLen|sequenceLength|rowLen)$/, "seqLength, the length of a row"],
  [/^(maxSeq|maxSeqLength|maxSequenceLength|maxSeqLen|maxLen)$/, "maxLength, a limit"],
];
/** `token` is a piece of text in this house; beside an address or a `fetch` it is a secret. */
const beside = new Set(["hubUrl", "url", "urls", "fetch", "retries"]);

/**
 * `NAME: say WORD` for each property of a type, each parameter and each name taken out of one that has a synonym. Values
 * and local names are free, as are flags of the command line, whose names are short by custom.
 *
 * @param {string} text
 */
export const synonyms = (text, file = "source.ts") => {
  const found = [];
  const check = (name) => {
    const word = words.find(([pattern]) => pattern.test(name))?.[1];
    if (word) found.push(`${name}: say ${word}`);
  };
  const visit = (node) => {
    if (ts.isPropertySignature(node)) check(node.name.getText());
    if (ts.isParameter(node) && ts.isIdentifier(node.name)) check(node.name.text);
    if (ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node)) {
      const names = node.members.filter(ts.isPropertySignature).map(({ name }) => name.getText());
      if (names.includes("token") && names.some((name) => beside.has(name))) found.push("token: say accessToken");
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
  return found;
};

/**
 * The functions that are declared although a constant would do: `const f = () =>` is the form of this house. Generators,
 * overloads and assertions stay declarations, as arrows cannot say them.
 *
 * @param {string} text
 */
export const declaredFunctions = (text, file = "source.ts") => {
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const declared = statements.filter(ts.isFunctionDeclaration);
  const overloaded = new Set(declared.filter(({ body }) => !body).map(({ name }) => name?.text));
  return declared
    .filter(({ asteriskToken, name, type }) => {
      const asserts = type && ts.isTypePredicateNode(type) && type.assertsModifier;
      return !asteriskToken && !asserts && !overloaded.has(name?.text);
    })
    .map(({ name }) => name?.text ?? "");
};
