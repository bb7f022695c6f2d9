import { fault } from "@cramkit/errors";
import type { TextCoverage } from "@cramkit/tokenizer";
import type { Recipe } from "../recipe/recipe.ts";

/** Shares of the characters that may be lost before it is a warning, and before it is an error. */
const warnAbove = 0.01;
const refuseAbove = 1 / 3;

const share = (part: number, { characters }: TextCoverage): number => (characters === 0 ? 0 : part / characters);

const percent = (value: number): string => `${(100 * value).toFixed(value > 0 && value < 0.001 ? 3 : 1)} %`;

/** How much of the text is lost, as a person reads it. */
const lostText = (coverage: TextCoverage): string =>
  `${percent(share(coverage.deleted, coverage))} of ${coverage.characters.toLocaleString("en-US")} characters are deleted by normalisation, ${percent(share(coverage.unknown, coverage))} are in unknown tokens`;

/** The settings that would keep what is lost. */
const remedy = ({ deleted, unknown }: TextCoverage, { tokenizer }: Recipe): string => {
  if (tokenizer.from !== null) return `name a tokenizer.json for this text with tokenizer.from, not ${tokenizer.from}`;
  if (deleted < unknown) return "set tokenizer.model=BPE, whose tokens are bytes, or raise tokenizer.vocabSize";
  if (tokenizer.text === "english")
    return "set tokenizer.text=multilingual to keep every script, or tokenizer.text=cased";
  return "set tokenizer.asciiOnly=null";
};

/**
 * A line on what the tokenizer loses of the corpus, with the settings that would keep it if that is more than 1 %.
 *
 * @throws a fault `invalid-input` if it is more than a third
 */
export const checkLostText = (coverage: TextCoverage, recipe: Recipe): string => {
  const lost = share(coverage.deleted + coverage.unknown, coverage);
  if (lost <= warnAbove) return lostText(coverage);
  if (lost <= refuseAbove) return `warning: ${lostText(coverage)}; to keep them, ${remedy(coverage, recipe)}`;
  throw fault({
    code: "invalid-input",
    place: "tokenizer",
    problem: `expected a tokenizer that keeps the text, but ${lostText(coverage)}`,
    remedy: remedy(coverage, recipe),
  });
};
