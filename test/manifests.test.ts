import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));
const { repository } = read("package.json");
const address = repository.url.replace(/^git\+|\.git$/g, "");

it.each(readdirSync("packages"))("the manifest of %s says what the registry shows of it", (name) => {
  const manifest = read(`packages/${name}/package.json`);
  expect(manifest.description).toMatch(/^\w.{20,}\.$/);
  expect(manifest.keywords.length).toBeGreaterThan(2);
  expect(manifest.repository).toEqual({ ...repository, directory: `packages/${name}` });
  expect(manifest.homepage).toBe(`${address}/tree/main/packages/${name}#readme`);
  expect(manifest.bugs).toBe(`${address}/issues`);
});

it.each(readdirSync("packages"))("the README of %s names no file that its archive lacks", (name) => {
  const folder = join("packages", name);
  const readme = readFileSync(join(folder, "README.md"), "utf8");
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]!);
  // On the registry's page a relative link leads into the repository, if it leads to a file there.
  expect(links.filter((link) => !existsSync(join(folder, link)))).toEqual([]);
  const named = readme.match(/(?<![\w/])(?:src|fixtures|scripts|assembly)\/[\w.-]+/g) ?? [];
  expect(named, "an archive holds dist alone").toEqual([]);
});
