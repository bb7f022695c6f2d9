import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import type { WebgpuReport } from "@cramkit/backend/webgpu";
import { environment } from "./environment.ts";
import { root } from "./places.ts";
import type { RunHeader } from "./record.ts";
import type { SuiteOptions } from "./suite.ts";

/** What a child found out about the device when it started. */
export interface DeviceReport {
  /** The GPU; the processor if nothing is said. */
  adapter?: string;
  driver: string;
  software: boolean;
  report?: WebgpuReport;
}

const tryRun = (command: string, args: string[]): string | undefined => {
  try {
    return execFileSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
};

/** The commit of a checkout, if there is no git to ask. */
const headOf = (git: string): string | undefined => {
  try {
    const head = readFileSync(join(git, "HEAD"), "utf8").trim();
    return head.startsWith("ref: ") ? readFileSync(join(git, head.slice(5)), "utf8").trim() : head;
  } catch {
    return undefined;
  }
};

/** The commit that is measured: of the checkout, or the one that a bundle was made of. */
const commitOf = (): { commit: string; dirty: boolean; versions?: Record<string, string> } => {
  try {
    return JSON.parse(readFileSync(join(root, "build.json"), "utf8"));
  } catch {
    const commit = tryRun("git", ["rev-parse", "HEAD"]);
    if (!commit) return { commit: headOf(join(root, "..", ".git")) ?? "unknown", dirty: true };
    return { commit, dirty: (tryRun("git", ["status", "--porcelain", "--untracked-files=no"]) ?? "") !== "" };
  }
};

const versionOf = (name: string): string | undefined => {
  try {
    return createRequire(import.meta.url)(`${name}/package.json`).version;
  } catch {
    return undefined;
  }
};

/** The first line of a run. */
export const describeRun = (options: SuiteOptions, device: DeviceReport | undefined, command: string): RunHeader => {
  const model = cpus()[0]?.model.trim() || "unknown processor";
  const nvidia =
    device && !device.software
      ? tryRun("nvidia-smi", ["--query-gpu=driver_version", "--format=csv,noheader"])
      : undefined;
  const build = commitOf();
  const versions: Record<string, string> = { node: process.versions.node, ...build.versions };
  for (const name of ["@tensorflow/tfjs-core", "webgpu", "tokenizers"]) {
    const version = versionOf(name);
    if (version) versions[name] = version;
  }
  return {
    kind: "run",
    date: new Date().toISOString(),
    command,
    commit: build.commit,
    dirty: build.dirty,
    quick: options.quick,
    hardware: device?.adapter ?? model,
    softwareAdapter: device?.software ?? false,
    driver: [device?.driver, nvidia && `NVIDIA ${nvidia}`].filter(Boolean).join("; ") || "-",
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}, ${model}`,
    versions,
    load: loadavg(),
    ...(device?.report && { device: device.report }),
    ...(options.backend === "webgpu" && { environment: environment() }),
  };
};
