import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../collect.ts";
import { takeDocuments } from "../../select.ts";
import { installedDocumentation } from "./installed-documentation.ts";
import { markdownProse } from "./markdown-prose.ts";

const readme = (name: string) => `# ${name}

[![build](https://example.org/badge.svg)](https://example.org)

The package ${name} reads the files that you give it, and it writes them again.
See [the guide](https://example.org/guide) for all of the **options** of \`read()\`.

\`\`\`js
const code = "that is not read";
\`\`\`

- It is fast with the files of most people.
- \`a: string\`

<p align="center">Made with care by the people of <b>${name}</b>.</p>

## License

Permission is hereby granted, free of charge, to any person.
`;

const library = `interface A {
  /**
   * The **\`A.first\`** property is the first of the things that are in it.
   *
   * [MDN Reference](https://example.org/A/first)
   */
  first: string;
  /**
   * Looks for {@link A.first the first one} in the list.
   * @param name - The name of the thing that is looked for.
   * @param {boolean} deep Whether to look in the lists of the list, too.
   * @returns The place where it is in the list, if there is one.
   * @example
   * const it = "is the code that is not for reading";
   */
  find(name: string, deep: boolean): number;
}
`;

const install = (root: string, layout: "pnpm" | "npm"): void => {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const folders = { pnpm: (name: string) => `node_modules/.pnpm/${name.replace("/", "+")}@1.0.0/node_modules/${name}` };
  for (const name of ["zeta", "@scope/beta", "alpha", "native"]) {
    const folder = layout === "pnpm" ? folders.pnpm(name) : `node_modules/${name}`;
    const os = name === "native" ? { os: ["linux"] } : {};
    write(`${folder}/package.json`, JSON.stringify({ name, version: "1.0.0", ...os }));
    write(`${folder}/README.md`, readme(name));
    write(`${folder}/LICENSE.md`, "This is the text of the licence that you have for this package, and it is long.");
    if (name === "alpha") write(`${folder}/types/lib.test.d.ts`, library);
    if (name === "zeta") write(`${folder}/index.d.ts`, library.replaceAll("first", "second"));
  }
  if (layout === "pnpm") symlinkSync(join(root, folders.pnpm("zeta")), join(root, "node_modules/zeta"));
  else {
    const nested = "node_modules/alpha/node_modules/zeta"; // the same version once more
    write(`${nested}/package.json`, JSON.stringify({ name: "zeta", version: "1.0.0" }));
    write(`${nested}/README.md`, readme("zeta"));
    write(`${nested}/index.d.ts`, library.replaceAll("first", "second"));
    write("node_modules/workspace-elsewhere/README.md", readme("no manifest"));
  }
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-installed-"));
  for (const layout of ["pnpm", "npm"] as const) install(join(folder, layout), layout);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("installedDocumentation", () => {
  it("reads the prose of Markdown and of library comments, each sentence once", async () => {
    const documents = await collect(installedDocumentation({ root: join(folder, "pnpm"), minCharacters: 20 }));
    expect(documents.map(({ source, id }) => `${source} ${id}`)).toEqual([
      "@scope/beta@1.0.0 README.md",
      "alpha@1.0.0 README.md",
      "alpha@1.0.0 types/lib.test.d.ts",
      "zeta@1.0.0 README.md",
    ]);
    const [beta, alpha, types] = documents.map(({ text }) => text);
    expect(beta).toBe(
      "The package @scope/beta reads the files that you give it, and it writes them again. See the guide for all of " +
        "the options of read().\nIt is fast with the files of most people.\nMade with care by the people of @scope/beta.",
    );
    expect(alpha).not.toContain("It is fast");
    expect(types?.split("\n")).toEqual([
      "The A.first property is the first of the things that are in it.",
      "Looks for the first one in the list.",
      "The name of the thing that is looked for.",
      "Whether to look in the lists of the list, too.",
      "The place where it is in the list, if there is one.",
    ]);
  });

  it("is the same for pnpm and npm, and can read all declarations", async () => {
    const read = (layout: string) =>
      collect(installedDocumentation({ root: join(folder, layout), declarations: "all", minCharacters: 20 }));
    const documents = await read("pnpm");
    expect(documents).toHaveLength(5);
    expect(await read("npm")).toEqual(documents);
  });

  it("leaves out what pnpm keeps of earlier installations", async () => {
    const lockfile = join(folder, "pnpm/node_modules/.pnpm/lock.yaml");
    writeFileSync(
      lockfile,
      "lockfileVersion: '9.0'\n\npackages:\n\n  '@scope/beta@1.0.0':\n    resolution: {}\n\n  zeta@1.0.0:\n    x: {}\n\nsnapshots:\n\n  alpha@1.0.0: {}\n",
    );
    const documents = await collect(installedDocumentation({ root: join(folder, "pnpm"), minCharacters: 20 }));
    expect(documents.map(({ source }) => source)).toEqual(["@scope/beta@1.0.0", "zeta@1.0.0"]);
    rmSync(lockfile);
  });

  it("finds plenty of English in this workspace", async () => {
    const some = await collect(takeDocuments(installedDocumentation({ root: "." }), { characters: 200_000 }));
    const sentences = some.flatMap(({ text }) => text.split("\n"));
    expect(sentences.length).toBeGreaterThan(1000);
    expect(sentences.filter((sentence) => /\b(the|a|to|of|is|and|for|in)\b/i.test(sentence)).length).toBeGreaterThan(
      0.7 * sentences.length,
    );
  });

  it("says what is missing", async () => {
    await expect(collect(installedDocumentation({ root: join(folder, "none") }))).rejects.toThrow(
      /expected a folder with node_modules in it, got .*none; install its dependencies first/,
    );
  });
});

describe("markdownProse", () => {
  it("drops what is not prose", () => {
    expect(
      markdownProse("fn(a: string, b: number): void\n\n| a | b |\n|---|---|\n| x | It is the cell of a table. |"),
    ).toEqual(["It is the cell of a table."]);
    expect(markdownProse("Look at https://example.org/x for more of it &amp; that :tada: \u{1f389}.")).toEqual([
      "Look at for more of it & that.",
    ]);
  });
});
