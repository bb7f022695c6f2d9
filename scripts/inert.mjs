// Importing a package must do nothing: a bundle of a bare `import "package"` must come out empty.
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { rolldown } from "rolldown";

let failed = 0;
for (const name of readdirSync("packages")) {
  const { exports } = JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8"));
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target === "string") continue;
    const code = await residue(resolve("packages", name, target["@cramkit/source"]));
    if (code) failed++;
    console.log(code ? "FAIL" : "ok  ", `${name}${entry.slice(1)}`, code.slice(0, 200));
  }
}
process.exitCode = failed ? 1 : 0;

async function residue(file) {
  const bundle = await rolldown({
    input: "bare",
    logLevel: "silent",
    treeshake: { moduleSideEffects: "no-external" },
    external: (id) => !/^[./]/.test(id) && id !== "bare",
    plugins: [
      {
        name: "bare",
        resolveId: (id) => (id === "bare" ? id : null),
        load: (id) => (id === "bare" ? `import ${JSON.stringify(file)}` : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: "esm" });
  const lines = output[0].code.split("\n").filter((line) => line.trim() && !line.startsWith("//#"));
  return lines.join(" ");
}
