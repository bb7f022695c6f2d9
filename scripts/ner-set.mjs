// Makes a synthetic set of named entities: sentences from seven templates with names from lists, as JSON-lines with `text`
// and `spans`. Half of the dev set's names are ones that the training set lacks. It shows that the pieces fit, and says
// nothing about real text:
//   node scripts/ner-set.mjs --take 1500 > train.jsonl
//   node scripts/ner-set.mjs --dev --take 300 > dev.jsonl
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { dev: { type: "boolean", default: false }, take: { type: "string", default: "1500" } },
});

const firstNames = "Anna Bruno Clara David Elena Felix Greta Hugo Irene Jonas Karin Leo Marta Nils Olga Paul".split(
  " ",
);
const surnames =
  "Adler Becker Conti Dupont Ericson Fischer Garcia Hansen Ivanov Jensen Keller Lopez Moreau Novak Olsen Petrov".split(
    " ",
  );
const places =
  "Lisbon Vienna Oslo Madrid Athens Dublin Prague Warsaw Helsinki Brussels Zagreb Riga Tallinn Geneva Porto Turin".split(
    " ",
  );
const companies =
  "Northwind Bluestone Silverline Oakwood Redfield Brightwater Ironbridge Clearview Whitmore Stonegate".split(" ");
const endings = ["Ltd", "Group", "Bank", "Systems"];

const templates = [
  ["", "PER", " moved from ", "LOC", " to ", "LOC", " last year ."],
  ["The chairman of ", "ORG", " , ", "PER", " , spoke in ", "LOC", " on Monday ."],
  ["", "ORG", " will open a new office in ", "LOC", " ."],
  ["According to ", "PER", " , the weather in ", "LOC", " was bad ."],
  ["Shares of ", "ORG", " fell after ", "ORG", " had published its results ."],
  ["", "PER", " and ", "PER", " met in ", "LOC", " ."],
  ["It rained all day , and nobody knew why ."],
];

// A linear congruential generator is enough to draw names (Numerical Recipes' constants).
let state = values.dev ? 2 : 1;
const below = (count) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * count);
};
/** Training knows the first half of a list; the dev set draws from all of it. */
const pick = (list) => list[below(values.dev ? list.length : list.length / 2)];

const nameOf = {
  PER: () => (below(3) === 0 ? pick(surnames) : `${pick(firstNames)} ${pick(surnames)}`),
  LOC: () => pick(places),
  ORG: () => `${pick(companies)} ${endings[below(endings.length)]}`,
};

const lines = Array.from({ length: Number(values.take) }, () => {
  const spans = [];
  let text = "";
  for (const part of templates[below(templates.length)]) {
    if (!nameOf[part]) {
      text += part;
      continue;
    }
    const name = nameOf[part]();
    spans.push({ start: text.length, end: text.length + name.length, label: part });
    text += name;
  }
  return JSON.stringify({ text, spans });
});
process.stdout.write(`${lines.join("\n")}\n`);
