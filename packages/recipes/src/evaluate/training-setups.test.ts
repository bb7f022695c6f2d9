import { expect, it } from "vitest";
import { publishedCompute } from "./published.ts";
import { trainingSetups } from "./training-setups.ts";

it("counts what the study counts", () => {
  const found = trainingSetups();
  // Table 1, rounded as it is there.
  const published: [string, string, number][] = [
    ["crammed BERT", "RTX 2080 Ti", 5],
    ["crammed BERT", "RTX A4000", 8],
    ["crammed BERT", "RTX A6000", 13],
    ["BERT by Izsak et al. (2021)", "V100", 86],
    ["T5-base", "TPUv3", 170],
    ["BERT by Narasimhan (2019)", "V100", 519],
    ["original BERT", "TPUv3", 680],
    ["BERT by Dettmers (2018)", "V100", 950],
    ["SqueezeBERT", "Titan RTX", 361],
  ];
  for (const [name, device, exaFlop] of published) {
    const setup = found.find((one) => one.name === name && one.device === device)!;
    expect(Math.abs(setup.exaFlop - exaFlop) / exaFlop, name).toBeLessThan(0.08);
  }
  expect(found.at(-1)!.exaFlop).toBeCloseTo(7.3e6, -5);
  for (const { exaFlop } of publishedCompute)
    expect(found.some((setup) => Math.abs(setup.exaFlop - exaFlop) / exaFlop < 0.01)).toBe(true);
});
