import type { Result } from "../measure/record.ts";

/** One line at the end of a run: whether everything worked, and what the figures are good for. */
export const verdictOf = (results: readonly Result[], { quick }: { quick: boolean }): string => {
  const count = (kind: Result["kind"]) => results.filter((result) => result.kind === kind).length;
  const wrong = results.flatMap((result) => (result.kind === "checked" ? [result.failed] : [])).filter(Boolean).length;
  const failed = count("failure") + wrong;
  const skipped = count("skipped");
  const worked = count("measurement") + count("checked") - wrong;
  const words = failed > 0 ? "FAIL" : worked === 0 ? "NOTHING RAN" : "PASS";
  const parts = [`${worked} worked`, `${failed} failed`, ...(skipped > 0 ? [`${skipped} skipped`] : [])];
  const note = quick ? "; toy shapes: the times say nothing about speed" : "";
  return `verdict: ${words}, ${parts.join(", ")}${note}`;
};
