import { expect, it, vi } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { checkRecipe } from "./check-recipe.ts";
import { nearest } from "./nearest.ts";
import { parseRecipe, type Recipe } from "./recipe.ts";
import { applySettings } from "./settings.ts";

// A recipe that a stranger wrote is refused with a message that can be read, whatever is in it and however much of it.

const compared = vi.hoisted(() => ({ letters: 0 }));
vi.mock("fastest-levenshtein", async (original) => {
  const { distance } = await original<typeof import("fastest-levenshtein")>();
  return {
    distance: (a: string, b: string) => {
      compared.letters += a.length * b.length;
      return distance(a, b);
    },
  };
});

const long = "ab/ \u4e2d".repeat(2000);
const recipe = () => structuredClone(recipes.quickstart()) as unknown as Record<string, Record<string, unknown>>;
const changed = (path: string, value: unknown): unknown => {
  const made = recipe();
  const [group, field] = path.split(".") as [string, string | undefined];
  if (field === undefined) (made as Record<string, unknown>)[group] = value;
  else made[group]![field] = value;
  return made;
};
const keys = (count: number, name: (n: number) => string) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [name(n), 1]));
const many = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

it.each<[what: string, given: () => unknown, says: RegExp]>([
  ["20,000 unknown settings", () => ({ ...recipe(), ...keys(20_000, (n) => `k${n}`) }), /k9 and 19990 more/],
  [
    "long names of settings",
    () => ({ ...recipe(), ...keys(300, (n) => n + long) }),
    /no setting 0ab\/ .*\.\.\., .* and 290/,
  ],
  [
    "a long name in a group",
    () => changed("model", { ...recipe().model, [long]: 1 }),
    /no (such field|setting)|model\./,
  ],
  ["20,000 sources that are none", () => changed("corpus.sources", many(20_000, 1)), /sources\.0: .*; and 19970 more$/],
  ["sources of a wrong path", () => changed("corpus.sources", many(2000, { kind: "files", path: [1] })), /more$/],
  ["100,000 mixers", () => changed("model.mixer", many(100_000, "x")), /model\.mixer/],
  ["a long funnel", () => changed("model.funnel", many(100_000, -1)), /; and 99970 more$/],
  ["a long name of a parameter", () => changed("training.frozen", [long]), /got "ab\/ /],
  ["parameters without an end", () => changed("training.frozen", many(5000, "norm")), /<=1000 items/],
  [
    "groups without an end",
    () => changed("training.groups", many(3000, { params: ["a"], optimizer: {} })),
    /<=100 items|more$/,
  ],
  ["a long budget", () => changed("training.budget", "1 ".repeat(100_000)), /training\.budget/],
  ["a long name of the recipe", () => changed("name", "!".repeat(1_000_000)), /small letters, digits/],
])("refuses %s in a few words", (_, given, says) => {
  compared.letters = 0;
  const value = given();
  const refused = () => checkRecipe(parseRecipe(value, "theirs.json"));
  expect(refused).toThrow(says);
  try {
    refused();
  } catch (error) {
    expect((error as Error).message.length).toBeLessThan(6000);
  }
  expect(compared.letters).toBeLessThan(100_000);
});

it("refuses a long setting on the command line in a few words", () => {
  expect(() => applySettings(recipes.quickstart(), [`${long}=1`])).toThrow(/^.{1,2000}$/s);
});

it("compares a name of a thousand layers with none that is much shorter", () => {
  compared.letters = 0;
  const deep = applySettings(recipes.quickstart(), ["model.layers=1000"]);
  const frozen = { ...deep, training: { ...deep.training, frozen: [`a.${long}`] } } as Recipe;
  expect(() => checkRecipe(frozen)).toThrow(/^.{1,4000}$/s);
  expect(compared.letters).toBe(0);
});

it("still names what is near", () => {
  expect(nearest("lenght", ["length", "order"])).toEqual(["length"]);
  expect(nearest("x".repeat(1000), ["a", "b"])).toEqual(["a", "b"]);
  expect(nearest("zzz", many(1000, "long name"))).toHaveLength(60);
});
