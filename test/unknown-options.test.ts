import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";

// An option that is ignored is a fault that nobody sees: every exported function that takes options refuses unknown ones.

/** Functions that do not, each with its reason. */
const exceptions: Readonly<Record<string, string>> = {
  // Called for every operation of every step, with options that the model puts together.
  "@cramkit/ops": "the options of operations are typed, and checked by nobody else",
  "@cramkit/model": "forward functions take what the loop passes on",
  "@cramkit/random": "stands on no other package, errors included",
  "@cramkit/errors": "takes the parts of an error",
  openComposedLog: "keeps whatever a caller says of a run, under any name",
  studyOptimizer:
    "takes the hyperparameters of the optimizer that it is asked for, and names those that it does not have",
};

interface Taker {
  readonly name: string;
  readonly file: string;
  readonly entry: string;
  /** Which argument the options are. */
  readonly at: number;
}

const entries = readdirSync("packages").flatMap((folder) => {
  const { name, exports } = JSON.parse(readFileSync(`packages/${folder}/package.json`, "utf8"));
  return Object.entries<Record<string, string> | string>(exports).flatMap(([entry, target]) =>
    typeof target === "string"
      ? []
      : [
          {
            package: name as string,
            entry: name + entry.slice(1),
            file: resolve("packages", folder, target["@cramkit/source"]!),
          },
        ],
  );
});

const isOptions = (parameter: ts.ParameterDeclaration, checker: ts.TypeChecker): boolean => {
  const type = checker.getNonNullableType(checker.getTypeAtLocation(parameter));
  if (type.getCallSignatures().length > 0 || checker.isArrayLikeType(type)) return false;
  return /Options\b/.test(parameter.type?.getText() ?? checker.typeToString(type));
};

/** Every exported function whose argument is of a type that is named `...Options`. */
const takers = (): Taker[] => {
  const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    { ...options, noEmit: true },
  );
  const checker = program.getTypeChecker();
  return entries.flatMap(({ package: owner, entry, file }) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (!module || owner in exceptions) return [];
    return checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (!(symbol.flags & ts.SymbolFlags.Value)) return [];
      const [signature] = checker.getTypeOfSymbolAtLocation(symbol, source).getCallSignatures();
      const parameters = signature?.getDeclaration()?.parameters ?? [];
      const at = parameters.findIndex((parameter) => ts.isParameter(parameter) && isOptions(parameter, checker));
      return at < 0 || exported.name in exceptions ? [] : [{ name: exported.name, entry, file, at }];
    });
  });
};

/** What a call with an option that nobody has says: functions may refuse at once, later, or when their first item is asked for. */
const answerTo = async ({ file, name, at }: Taker): Promise<string> => {
  const module = await import(pathToFileURL(file).href);
  try {
    const made = await module[name](...Array(at).fill(undefined), { notAnOption: 1 });
    if (typeof made?.next === "function") await made.next();
    else if (made?.[Symbol.asyncIterator]) await made[Symbol.asyncIterator]().next();
    return "nothing was wrong";
  } catch (error) {
    return (error as Error).message;
  }
};

it("refuses unknown options by name, in every exported function that takes options", { timeout: 300_000 }, async () => {
  const found = takers();
  expect(found.length).toBeGreaterThan(80);
  const silent: string[] = [];
  for (const taker of found) {
    const answer = await answerTo(taker);
    if (!/unknown option "notAnOption"/.test(answer)) silent.push(`${taker.entry} ${taker.name}: ${answer}`);
  }
  expect(silent).toEqual([]);
});
