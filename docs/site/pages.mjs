import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** @typedef {{ file: string, text: string, title: string, slug: string }} Page */
/** @typedef {{ title: string, pages: Page[] }} Section */

const titleOf = (text, file) => {
  const heading = /^# (.+)$/m.exec(text)?.[1];
  if (!heading) throw new Error(`docs: expected a heading "# ..." in ${file}, got none`);
  return heading.replaceAll("`", "");
};
/** `docs/guides/compose.md` -> `guides/compose`, `packages/optim/README.md` -> `packages/optim` */
const slugOf = (file) =>
  (file === "README.md" ? "readme.md" : file)
    .replace(/^docs\//, "")
    .replace(/\/?(README)?\.md$/, "")
    .toLowerCase();

/** Links to folders without a README lead to the repository: the site has no page for them. */
const withFolderLinks = (text, file) =>
  text.replaceAll(/\]\(([\w./-]+)\)/g, (link, path) => {
    const target = join(dirname(file), path);
    const isBare = existsSync(target) && statSync(target).isDirectory() && !existsSync(join(target, "README.md"));
    return isBare ? `](https://github.com/cramkit/cramkit/tree/main/${target.replaceAll("\\", "/")})` : link;
  });

/** A page as its file is. */
const page = (file) => {
  const text = withFolderLinks(readFileSync(file, "utf8"), file);
  return { file, text, title: titleOf(text, file), slug: slugOf(file) };
};
const pagesIn = (folder, skip = []) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".md") && !skip.includes(name))
    .map((name) => page(join(folder, name)));
/** The READMEs of the folders in one. */
const readmesIn = (folder) =>
  readdirSync(folder)
    .map((name) => join(folder, name, "README.md"))
    .filter((file) => existsSync(file))
    .map(page);

/** The first page, which stands above the sections. */
export const start = "docs/start.md";

/**
 * All other pages, in the order of the site. Files are included as they are; what other people add to a folder appears.
 * @returns {Section[]}
 */
export const sections = () => {
  const guides = [
    "compose",
    "a-day-on-a-gpu",
    "finetune-and-ship",
    "from-pytorch-and-hugging-face",
    "when-things-go-wrong",
  ];
  const placed = ["start", "packages", "measurements", "logs", "commands", "changelog", "glossary", "architecture"];
  const others = pagesIn(
    "docs",
    placed.map((name) => `${name}.md`),
  );
  return [
    { title: "Guides", pages: [...guides.map((name) => page(`docs/guides/${name}.md`)), ...others] },
    { title: "Examples", pages: [page("examples/README.md"), ...readmesIn("examples")] },
    { title: "Packages", pages: [page("docs/packages.md"), ...readmesIn("packages"), page("playground/README.md")] },
    { title: "Reference", pages: ["docs/commands.md", "packages/recipes/SETTINGS.md", "docs/glossary.md"].map(page) },
    { title: "Study", pages: pagesIn("docs/study") },
    { title: "Measurements", pages: [page("docs/measurements.md"), page("benchmarks/README.md")] },
    { title: "Lab book", pages: [page("docs/logs.md"), ...pagesIn("docs/logs")] },
    {
      title: "About",
      pages: [
        "docs/architecture.md",
        "docs/changelog.md",
        "README.md",
        "AGENTS.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
      ].map(page),
    },
  ];
};
