import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recipes } from "@cramkit/recipes";
import { expect, it, vi } from "vitest";
import { runProgram } from "../main.ts";
import { createProgram } from "../program.ts";

const printed = async (args: string[], expected = 0): Promise<string> => {
  let text = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  const said: string[] = [];
  const code = await runProgram(createProgram(), ["compute", ...args], (line) => said.push(line));
  write.mockRestore();
  expect(code).toBe(expected);
  return expected === 0 ? text : said.join("\n");
};

it("lists the published setups, the smallest first", async () => {
  const text = await printed([]);
  const at = ["2080 Ti", "A4000", "A6000  ", "Izsak", "SqueezeBERT", "original BERT", "RoBERTa", "PaLM"].map((name) =>
    text.indexOf(name),
  );
  expect(at.every((place, index) => place > (at[index - 1] ?? 0))).toBe(true);
  expect(text).toContain("680 exaFLOP");
});

it("shows where a run stands", async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "compute-")), "mine");
  mkdirSync(folder);
  writeFileSync(join(folder, "recipe.json"), JSON.stringify({ ...recipes.smoke(), name: "mine" }));
  expect(await printed([folder], 1)).toMatch(/found no step of it/);
  writeFileSync(
    join(folder, "summary.json"),
    JSON.stringify({ tokens: 1e9, flopsPerToken: 1e9, elapsedMs: 7.2e6, hardware: "2 x cores" }),
  );
  const rows = JSON.parse(await printed([folder, "--json"]));
  expect(rows[0]).toMatchObject({ name: "mine", hardware: "2 x cores", hours: 2, exaFlop: 1 });
  const text = await printed([folder]);
  expect(text).toMatch(/original BERT +16 TPUv3 +96 h 00 min +680 exaFLOP +680 \u00d7/);
  expect(text).toContain("not the same measure");
});
