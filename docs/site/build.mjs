// Builds the site into docs/dist: TypeDoc renders our pages and the interface of every package. Its pages refer to each other by
// relative addresses and search in a file, so the folder works on any host and opened as files.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, Converter, DocumentReflection, MinimalSourceFile, PageEvent, ReflectionKind } from "typedoc";
import { withLevels, withoutNestedLinks } from "./headings.mjs";
import { measurementPages, withInserts } from "./inserts.mjs";
import { checkLinks } from "./links.mjs";
import { writeIndexForModels } from "./llms.mjs";
import { sections as listSections, start } from "./pages.mjs";
import { routerOf, themeOf } from "./theme.mjs";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
const began = performance.now();
const out = resolve("docs/dist");

/** The doors of every package: source file -> the name by which it is imported. */
const doors = new Map(
  readdirSync("packages").flatMap((folder) => {
    const { name, exports } = JSON.parse(readFileSync(join("packages", folder, "package.json"), "utf8"));
    return Object.entries(exports)
      .filter(([, target]) => target["@cramkit/source"]?.endsWith(".ts"))
      .map(([entry, target]) => [join("packages", folder, target["@cramkit/source"]), `${name}${entry.slice(1)}`]);
  }),
);
const sections = listSections();
sections.find(({ title }) => title === "Measurements").pages.push(...(await measurementPages()));

const app = await Application.bootstrap({
  name: "Cramkit",
  readme: start,
  entryPoints: [...doors.keys()],
  tsconfig: "tsconfig.json",
  basePath: ".",
  displayBasePath: ".",
  skipErrorChecking: true, // `pnpm types` checks them
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableGit: true,
  sourceLinkTemplate: "https://github.com/cramkit/cramkit/blob/main/{path}#L{line}",
  customCss: "docs/site/style.css",
  hideGenerator: true,
  searchInDocuments: true,
  includeHierarchySummary: false,
  githubPages: false,
  lightHighlightTheme: "github-light-default",
  darkHighlightTheme: "github-dark-default",
  highlightLanguages: [
    "bash",
    "css",
    "csv",
    "html",
    "javascript",
    "json",
    "jsonc",
    "python",
    "sh",
    "shellscript",
    "tsx",
    "typescript",
  ],
  validation: { notExported: false, invalidLink: true, invalidPath: true, notDocumented: false },
  router: "site",
  theme: "site",
});

const slugs = new Map();
app.converter.on(Converter.EVENT_BEGIN, ({ project }) => {
  for (const section of sections) {
    section.documents = section.pages.map(({ file, text, title, slug }) => {
      const path = resolve(file);
      const source = new MinimalSourceFile(withInserts(text), path);
      const { content } = app.converter.parseRawComment(source, project.files);
      const document = new DocumentReflection(title, project, content, {});
      project.addChild(document);
      project.registerReflection(document, undefined, path);
      if (/README\.md$/.test(file)) project.files.registerReflectionPath(resolve(file, ".."), document);
      slugs.set(document, slug);
      return document;
    });
  }
});
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
    const name = doors.get(module.sources?.[0]?.fileName);
    if (name) module.name = name;
  }
});
// What TypeDoc's pages lack for the keyboard and for screen readers: landmarks, and what scrolls by itself can be reached.
const additions = [
  ["<table>", '<div class="table" role="group" tabindex="0" aria-label="table"><table>'],
  ["</table>", "</table></div>"],
  ["<pre>", '<pre tabindex="0">'],
  [/<p>(?=<img src="[^"]*\.svg")/g, '<p role="group" tabindex="0" aria-label="picture">'],
  // A number and its unit stay in one line.
  [/<td>(?=[^<]{1,16}<)/g, '<td class="short">'],
  ['<div class="col-content">', '<div class="col-content" role="main">'],
  ['<div class="page-menu">', '<div class="page-menu" role="complementary" aria-label="This page">'],
  ["<h3>Settings</h3>", '<h3 aria-level="2">Settings</h3>'],
  ["<h3>On This Page</h3>", '<h3 aria-level="2">On This Page</h3>'],
];
app.renderer.on(PageEvent.END, (page) => {
  if (!page.contents) return;
  const added = additions.reduce((html, [from, to]) => html.replaceAll(from, to), page.contents);
  page.contents = withLevels(withoutNestedLinks(added));
  // The first page by its name, as no server stands behind a folder.
  page.contents = page.contents.replaceAll(/href="((?:\.\.?\/)+)"/g, 'href="$1index.html"');
});
app.renderer.defineRouter("site", routerOf(slugs));
app.renderer.defineTheme("site", themeOf(sections));

const project = await app.convert();
if (!project) throw new Error("docs: TypeDoc could not read the packages; see above");
app.validate(project);
rmSync(out, { recursive: true, force: true });
await app.generateDocs(project, out);
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
await writeIndexForModels(out, sections);
const { pages, links, broken } = checkLinks(out);
for (const one of broken) console.error(one);
if (broken.length > 0) process.exitCode = 1;
console.log(
  `docs/dist: ${pages} pages, ${links} links, ${broken.length} broken, ${((performance.now() - began) / 1000).toFixed(0)} s`,
);
