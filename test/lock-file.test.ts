import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

// A registry that lacks a binary when the lock file is made would leave the users of that platform without it.
it("the lock file names the binaries of every platform", () => {
  const lock = readFileSync("pnpm-lock.yaml", "utf8");
  const store = "node_modules/.pnpm";
  const named = readdirSync(store)
    .filter((folder) => folder !== "node_modules")
    .flatMap((folder) => {
      const at = folder.lastIndexOf("@", folder.includes("_") ? folder.indexOf("_") : undefined);
      const manifest = join(store, folder, "node_modules", folder.slice(0, at).replace("+", "/"), "package.json");
      if (at < 1 || !existsSync(manifest)) return [];
      return Object.keys(JSON.parse(readFileSync(manifest, "utf8")).optionalDependencies ?? {});
    });
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !lock.includes(`\n  '${name}@`) && !lock.includes(`\n  ${name}@`))).toEqual([]);
});
