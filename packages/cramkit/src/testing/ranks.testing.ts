import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shellCommand, smallRun, startShell } from "./command-line.testing.ts";

/** A launcher of MPI, with what it needs to start more ranks than there are cores, as root as well. */
export interface RanksLauncher {
  readonly name: string;
  readonly command: string;
}

const known: readonly RanksLauncher[] = [
  {
    name: "Open MPI",
    command:
      "mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none --mca btl_vader_single_copy_mechanism none",
  },
  { name: "MPICH", command: "mpirun.mpich -bind-to none" },
];

/** Those that are installed under the names that Debian gives them. */
export const ranksLaunchers = known.filter(
  ({ command }) => spawnSync(command.split(" ")[0]!, ["--version"]).error === undefined,
);

/** Runs the command line on ranks: so many with these words, so many with those. `before` is put before the launcher. */
export const onRanks = async (
  { command }: RanksLauncher,
  parts: readonly (readonly [number, readonly string[]])[],
  cwd: string,
  before = "",
) => {
  const all = parts.map(([ranks, args]) => `-n ${ranks} ${shellCommand(args)}`).join(" : ");
  return startShell(`${before} exec timeout -s KILL 100 ${command} ${all}`, { cwd }).ended;
};

/** What has rank 1 killed, as a machine's end would, once the run has a checkpoint on the way. */
export const killingRank1 = (root: string): string => {
  const path = join(root, "kill.mjs");
  writeFileSync(
    path,
    `import { readdirSync } from "node:fs";
    if ((process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK) === "1")
      setInterval(() => {
        try {
          if (readdirSync("run/checkpoints").some((name) => /^microbatch-\\d+$/.test(name) && Number(name.slice(11)) >= 8))
            process.kill(process.pid, "SIGKILL");
        } catch {}
      }, 20).unref();`,
  );
  return `NODE_OPTIONS="--import ${path}"`;
};

type Changes = Record<string, Record<string, unknown>>;

/** A small recipe with changes, in a folder of its own. */
export const ranksRun = (steps: number, changes: Changes = {}): string => {
  const root = smallRun(steps);
  const path = join(root, "recipe.json");
  const recipe = JSON.parse(readFileSync(path, "utf8")) as Changes;
  const own: Changes = {
    backend: { threads: 1, products: "wasm" },
    training: { batchSize: 16, microbatchSize: 4, batchRamp: 0 },
  };
  for (const part of [own, changes])
    for (const [key, values] of Object.entries(part)) recipe[key] = { ...recipe[key], ...values };
  writeFileSync(path, JSON.stringify(recipe));
  return root;
};

interface Row {
  readonly step: number;
  readonly loss?: number;
  readonly heldOutLoss?: number;
  readonly gradientNorm?: number;
}

/** The losses and norms that a run has written. */
export const measuredOf = (run: string): Row[] =>
  readFileSync(join(run, "metrics.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row)
    .map(({ step, loss, heldOutLoss, gradientNorm }) => ({ step, loss, heldOutLoss, gradientNorm }));

/** The largest relative difference of two runs' rows of the same steps. */
export const worstDifference = (a: readonly Row[], b: readonly Row[]): number => {
  if (a.length === 0 || a.length !== b.length) return Number.POSITIVE_INFINITY;
  const far = (x = 0, y = 0) => Math.abs(x - y) / Math.max(1, Math.abs(y));
  return Math.max(
    ...a.map((row, i) =>
      row.step === b[i]!.step
        ? Math.max(
            far(row.loss, b[i]!.loss),
            far(row.heldOutLoss, b[i]!.heldOutLoss),
            far(row.gradientNorm, b[i]!.gradientNorm),
          )
        : Number.POSITIVE_INFINITY,
    ),
  );
};
