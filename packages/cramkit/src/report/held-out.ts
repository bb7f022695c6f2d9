import { publishedLosses, type ReportedRun } from "@cramkit/recipes";
import { nats, percent, whole } from "./format.ts";
import { type Html, html, table } from "./html.ts";

/** Losses over the masked tokens of held-out rows: the model, the network without training, token frequencies. */
export const heldOutSection = (runs: readonly ReportedRun[], names: readonly string[]): Html => {
  const measured = runs.flatMap((run, index) =>
    run.masked ? [{ masked: run.masked, recipe: run.recipe, name: names[index]! }] : [],
  );
  if (measured.length === 0) return html``;
  const rows = measured.flatMap(({ masked: { trained, untrained, unigram }, name }) => [
    { ours: true, cells: [`${name}, trained`, nats(trained.loss), percent(trained.accuracy)] },
    { cells: [`${name}, untrained network`, nats(untrained.loss), percent(untrained.accuracy)] },
    { cells: [`${name}, unigram baseline`, nats(unigram.loss), percent(unigram.accuracy)] },
  ]);
  const published = publishedLosses.map(({ name, loss, provenance }) => ({
    cells: [html`${name} <span class="muted">(${provenance})</span>`, loss, "–"],
  }));
  const { positions, rows: heldOut } = measured[0]!.masked;
  const asked = ({ recipe: { corpus, tokenizer, rows, masking, evaluation, seed } }: (typeof measured)[number]) =>
    JSON.stringify([corpus, tokenizer, rows, masking, evaluation.heldOut, evaluation.rows, seed]);
  const isOneTest = new Set(measured.map(asked)).size === 1;
  const caption = isOneTest
    ? `${whole(positions)} masked tokens in ${whole(heldOut)} held-out rows, the same for every run.`
    : "Masked tokens in held-out rows. These runs differ in text, vocabulary, masks or seed, so their losses are measured on different tokens.";
  return html`<h2>Masked tokens in held-out documents</h2>${table({
    head: ["", "loss (nats)", "accuracy"],
    rows: [...rows, ...published],
    caption: `${caption} The published losses were measured on other text, with a vocabulary of 32,768: do not compare them with these.`,
  })}`;
};
