import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** A launcher of this machine, with what it needs to start more ranks than there are cores, as root as well. */
export interface Launcher {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
  readonly options: readonly string[];
}

const known: readonly Launcher[] = [
  {
    name: "Open MPI",
    command: "mpirun.openmpi",
    options: [
      "--allow-run-as-root",
      "--oversubscribe",
      "--bind-to",
      "none",
      "--mca",
      "btl_vader_single_copy_mechanism",
      "none",
    ],
  },
  { name: "MPICH", command: "mpirun.mpich", options: ["-bind-to", "none"] },
];

/** The launchers that are installed under the names that Debian gives them. */
export const launchers = known.filter(({ command }) => spawnSync(command, ["--version"]).error === undefined);

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a module's text on so many ranks; it finds this package as `parallel`, and prints what `output` gathers. */
export const runRanks = async (
  { command, options }: Launcher,
  ranks: number,
  body: string,
  { env = {}, watch }: { env?: Record<string, string>; watch?: (output: string) => void } = {},
): Promise<Outcome> => {
  const folder = mkdtempSync(join(tmpdir(), "ranks-"));
  const script = join(folder, "rank.mts");
  const entry = fileURLToPath(new URL("./index.ts", import.meta.url));
  writeFileSync(script, `import * as parallel from ${JSON.stringify(entry)};\n${body}`);
  const loader = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;
  const node = [process.execPath, "--import", loader, "--conditions=@cramkit/source", script];
  const child = spawn(command, [...options, "-n", String(ranks), ...node], { env: { ...process.env, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      output += chunk;
      watch?.(output);
    });
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const code = await new Promise<number | null>((done) => child.on("close", done));
  clearTimeout(timer);
  rmSync(folder, { recursive: true, force: true });
  return { code, output };
};
