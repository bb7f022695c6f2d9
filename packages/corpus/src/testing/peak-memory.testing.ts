import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Peak {
  /** Of the child's resident memory. */
  megabytes: number;
  seconds: number;
  documents: number;
  /** The message that ended the reading, if one did; the signal where the child was killed. */
  outcome: string;
}

const program = `
const [sources, path, options] = process.argv.slice(1);
const { clean } = await import(sources + "index.ts");
const { fileDocuments } = await import(sources + "node/index.ts");
let documents = 0;
let outcome = "read";
try {
  const read = fileDocuments({ path, maxBadShare: 1, ...JSON.parse(options) });
  for await (const { text } of clean()(read)) documents += text.length > 0 ? 1 : 0;
  const { badRecords, examples } = read.report();
  if (badRecords > 0) outcome = badRecords + " bad: " + examples[0].reason;
} catch (error) {
  outcome = error.message;
}
const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write("\\n" + JSON.stringify({ megabytes, seconds: process.uptime(), documents, outcome }));
`;

/** Reads a file and cleans its texts in a process of its own, and says what that took. */
export const peakOfReading = (path: string, options: Record<string, unknown> = {}, limitSeconds = 300): Peak => {
  const sources = process.env.CRAMKIT_MEASURED ?? fileURLToPath(new URL("../", import.meta.url));
  const flags = ["--import", "tsx", "--conditions=@cramkit/source", "--input-type=module", "--eval", program];
  const { stdout, signal, status } = spawnSync(process.execPath, [...flags, sources, path, JSON.stringify(options)], {
    encoding: "utf8",
    timeout: limitSeconds * 1000,
    maxBuffer: 1 << 26,
  });
  const last = stdout.trim().split("\n").at(-1) ?? "";
  if (last.startsWith("{")) return JSON.parse(last) as Peak;
  return { megabytes: Number.NaN, seconds: Number.NaN, documents: 0, outcome: `ended by ${signal ?? status}` };
};
