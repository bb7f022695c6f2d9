import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { isAlive, type ProcessIdentity, thisProcess } from "./process-identity.ts";

/*
 * Everything temporary is named `NAME.partial-HOST-PID-STARTED-NUMBER`, beside what it will be: so that a later process can
 * tell whether the one that made it lives. `NAME.replaced-...` is a folder on its way out, whose successor takes its name.
 */

let number = 0;

/** Where what will be `path` is written: a name of this process that nobody else uses. */
export const partialPath = (path: string, kind: "partial" | "replaced" = "partial"): string => {
  const { pid, started } = thisProcess();
  return join(dirname(path), `${stem(path)}.${kind}-${hostTag()}-${pid}-${started ?? 0}-${number++}`);
};

/** A temporary name taken apart. */
export interface PartialName {
  /** Name of the file or folder that it was to become, cut off if that is very long. */
  readonly stem: string;
  readonly kind: "partial" | "replaced";
  /** `alive`, `dead`, or `elsewhere` if the process ran on another machine. */
  readonly owner: "alive" | "dead" | "elsewhere";
}

/** What a file name says; undefined if it is not a temporary name. */
export const parsePartialName = (name: string): PartialName | undefined => {
  const match = /^(.*)\.(partial|replaced)-([0-9a-f]{6})-(\d{1,10})-(\d{1,20})-\d{1,15}$/s.exec(name);
  if (!match) return undefined;
  const [, stem, kind, host, pid, started] = match as unknown as [string, string, PartialName["kind"], ...string[]];
  const identity: ProcessIdentity = {
    pid: Number(pid),
    host: hostname(),
    started: started === "0" ? null : started!,
  };
  if (identity.pid === 0) return { stem, kind, owner: "dead" };
  return { stem, kind, owner: host !== hostTag() ? "elsewhere" : isAlive(identity) ? "alive" : "dead" };
};

/** The temporary name of one that its process gave up, as if that had ended. */
export const releasedName = (name: string): string => name.replace(/-\d+-(\d+)-(\d+)$/, "-0-$1-$2");

/** The beginning of the temporary names of a path: as much of its name as leaves room for the rest. */
export const stem = (path: string): string => {
  const name = basename(path);
  return Buffer.byteLength(name) <= 160 ? name : [...name].slice(0, 40).join(""); // of 255 bytes
};

const hostTag = (): string => createHash("sha256").update(hostname()).digest("hex").slice(0, 6);
