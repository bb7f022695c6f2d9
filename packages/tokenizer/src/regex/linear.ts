import { lengthOf, type RegexNode, type Repeat } from "./node.ts";

/**
 * Whether JavaScript's own engine, which backtracks without a bound, is proved to find all matches in time linear in the
 * text. The proof covers what tokenizers use: alternatives made of bounded parts and of runs of one kind of character.
 *
 * A run `X+` is the only part that can go far. Trying an alternative costs at most as much as its runs are long if each
 * continuation of a run either fails at once wherever the run is given up, or succeeds ("fails early"). An alternative that
 * can fail after a long run is repaid if the run is taken by a later one that takes all of it; between the two stand only
 * alternatives that succeed at most once in a run, or cannot begin with one of its characters.
 */
export const isLinear = (root: RegexNode): boolean => {
  // V8 finds empty matches between the two units of a character.
  if (lengthOf(root).min === 0) return false;
  const alternatives = (root.type === "choice" ? root.options : [root]).map(partsOf);
  return (
    alternatives.every((parts) => parts.every((part) => isBounded(part) || runOf(part)) && hasBoundedChoices(parts)) &&
    alternatives.every(goesBackCheaply) &&
    alternatives.every((parts, i) => failsEarly(parts) || isRepaid(parts, alternatives.slice(i + 1)))
  );
};

type Parts = readonly RegexNode[];

/** Ways that a bounded part may be tried in one place. */
const MAX_WAYS = 256;

const partsOf = (node: RegexNode): Parts => (node.type === "sequence" ? node.parts : [node]);

/** A repetition of one kind of character too long to be counted; possessive ones give nothing back. */
const runOf = (part: RegexNode): { set: string; run: Repeat; possessive: boolean } | undefined => {
  const run = part.type === "atomic" ? part.body : part;
  if (run.type !== "repeat" || run.body.type !== "set" || run.lazy || run.max - run.min < MAX_WAYS) return undefined;
  return { set: run.body.set, run, possessive: part.type === "atomic" };
};

const waysOf = (node: RegexNode): number => {
  switch (node.type) {
    case "set":
      return 1;
    case "sequence":
      return node.parts.reduce((product, part) => product * waysOf(part), 1);
    case "choice":
      return node.options.reduce((sum, option) => sum + waysOf(option), 0);
    case "look":
    case "atomic":
      return waysOf(node.body);
    case "repeat": {
      // JavaScript gives up a repetition whose body takes nothing; Oniguruma goes on after it.
      if (node.max > MAX_WAYS || lengthOf(node.body).min === 0) return Number.POSITIVE_INFINITY;
      const body = waysOf(node.body);
      let ways = 0;
      for (let count = node.min; count <= node.max; count++) ways += body ** count;
      return ways;
    }
  }
};

const isBounded = (node: RegexNode) => waysOf(node) <= MAX_WAYS && boundedLength(node);

const boundedLength = (node: RegexNode): boolean => {
  if (node.type === "look" || node.type === "atomic") return boundedLength(node.body);
  if (node.type === "choice") return node.options.every(boundedLength);
  if (node.type === "sequence") return node.parts.every(boundedLength);
  return lengthOf(node).max <= MAX_WAYS && (node.type !== "repeat" || boundedLength(node.body));
};

const hasBoundedChoices = (parts: Parts) =>
  parts.reduce((product, part) => product * (runOf(part) ? 1 : waysOf(part)), 1) <= MAX_WAYS;

const firstRun = (parts: Parts) => parts.findIndex((part) => runOf(part));

/** Whether the parts match wherever they are tried. */
const alwaysMatch = (parts: Parts) =>
  parts.every((part) => (part.type === "atomic" ? part.body : part).type === "repeat" && minimum(part) === 0);

const minimum = (part: RegexNode): number =>
  part.type === "atomic" ? minimum(part.body) : part.type === "repeat" ? part.min : 1;

/** Whether `parts` succeed wherever the next character is one of `set`: a look at exactly that, and nothing that can fail. */
const satisfiedBy = (parts: Parts, set: string): boolean => {
  const [part, ...rest] = parts;
  if (part?.type !== "look" || part.behind || part.body.type !== "set" || !alwaysMatch(rest)) return false;
  return part.negative ? areDisjoint(set, part.body.set) : isWithin(set, part.body.set);
};

/** Whether the parts, when they fail, have gone no further than a bounded number of characters. */
const failsEarly = (parts: Parts): boolean => {
  const at = firstRun(parts);
  if (at < 0) return true;
  const { set, possessive } = runOf(parts[at]!)!;
  const behind = parts.slice(at + 1);
  return alwaysMatch(behind) || (!possessive && satisfiedBy(behind, set));
};

/** Whether each run, if it gives characters back, meets a continuation that fails at once or succeeds. */
const goesBackCheaply = (parts: Parts): boolean =>
  parts.every((part, i) => {
    const found = runOf(part);
    if (!found || found.possessive) return true;
    const behind = parts.slice(i + 1);
    return failsEarly(behind) || beginsOutside(behind, found.set);
  });

/** Whether the parts need a first character that is not of `set`. */
const beginsOutside = (parts: Parts, set: string): boolean => {
  const [part, ...rest] = parts;
  if (!part) return false;
  switch (part.type) {
    case "set":
      return areDisjoint(part.set, set);
    case "sequence":
      return beginsOutside([...part.parts, ...rest], set);
    case "choice":
      return part.options.every((option) => beginsOutside([option, ...rest], set));
    case "atomic":
      return beginsOutside([part.body, ...rest], set);
    case "repeat":
      return (
        beginsOutside([part.body, ...(part.min === 0 ? rest : [])], set) && (part.min > 0 || beginsOutside(rest, set))
      );
    case "look":
      return false;
  }
};

/** Whether a later alternative takes the run after which `parts` can fail. */
const isRepaid = (parts: Parts, later: readonly Parts[]): boolean => {
  const at = firstRun(parts);
  const { set } = runOf(parts[at]!)!;
  const before = parts.slice(0, at);
  if (!failsEarly(parts.slice(at + 1))) return false;
  for (const other of later) {
    if (takesRun(other, before, set)) return true;
    if (before.length > 0) return false;
    const run = other[0] && runOf(other[0]);
    const succeedsOnce = run && isWithin(set, run.set) && isWithin(run.set, set) && failsEarly(other.slice(1));
    if (!succeedsOnce && !beginsOutside(other, set)) return false;
  }
  return false;
};

/** Whether `parts` take all of a run of `set` but for a bounded number of characters, after what stands `before` it. */
const takesRun = (parts: Parts, before: Parts, set: string): boolean => {
  const at = firstRun(parts);
  if (at < 0 || !failsEarly(parts) || !isWithin(set, runOf(parts[at]!)!.set)) return false;
  const prefix = parts.slice(0, at);
  const isOptional = (part: RegexNode) =>
    part.type === "repeat" && part.min === 0 && part.max === 1 && part.body.type === "set";
  return JSON.stringify(prefix) === JSON.stringify(before) || (before.length === 0 && prefix.every(isOptional));
};

let all: string | undefined;

/** Every character once; lone surrogates do not come here. */
const everyCharacter = (): string => {
  if (all !== undefined) return all;
  const parts: string[] = [];
  for (let code = 0; code < 0x110000; code += 256) {
    if (code >= 0xd800 && code < 0xe000) continue;
    parts.push(String.fromCodePoint(...Array.from({ length: 256 }, (_, i) => code + i)));
  }
  all = parts.join("");
  return all;
};

const isEmpty = (set: string) => !new RegExp(set, "v").test(everyCharacter());

/** The name of `\p{...}` or `\P{...}`: opposites need no look at the characters. */
const propertyOf = (set: string) => /^\\[pP]\{(\w+)\}$/.exec(set)?.[1];

const areDisjoint = (a: string, b: string): boolean => {
  if (a === b) return false;
  const name = propertyOf(a);
  if (name !== undefined && name === propertyOf(b)) return true;
  return isEmpty(`[[${a}]&&[${b}]]`);
};

const isWithin = (a: string, b: string) => a === b || isEmpty(`[[${a}]--[${b}]]`);
