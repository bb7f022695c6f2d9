import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const decoded = (text) => decodeURIComponent(text.replaceAll("&amp;", "&"));

/** Checks every link of every page that leads into the site: the file is there, and so is the heading. */
export const checkLinks = (folder) => {
  const pages = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));
  const anchors = new Map();
  const anchorsOf = (file) => {
    if (!anchors.has(file))
      anchors.set(
        file,
        new Set([...readFileSync(file, "utf8").matchAll(/\b(?:id|name)="([^"]*)"/g)].map(([, id]) => decoded(id))),
      );
    return anchors.get(file);
  };
  const broken = [];
  let links = 0;
  for (const page of pages) {
    const file = join(folder, page);
    for (const [, address] of readFileSync(file, "utf8").matchAll(/\b(?:href|src)="([^"]*)"/g)) {
      if (/^(https?|mailto|data|blob|javascript):/.test(address) || address === "#") continue;
      links++;
      const [path, anchor] = address.split("#");
      const target = path === "" ? file : resolve(dirname(file), decoded(path.split("?")[0]));
      const isThere = existsSync(target) && statSync(target).isFile();
      if (!isThere) broken.push(`${page}: ${address} leads to no file`);
      else if (anchor && target.endsWith(".html") && !anchorsOf(target).has(decoded(anchor)))
        broken.push(`${page}: ${address} leads to no heading in ${relative(folder, target)}`);
    }
  }
  return { pages: pages.length, links, broken };
};
