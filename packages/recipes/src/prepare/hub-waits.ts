import type { HubAccess } from "@cramkit/corpus/node";
import type { RunContext } from "../progress.ts";

/** How a hub is waited for. */
export type HubWaits = Pick<HubAccess, "signal" | "onWait">;

/** Waits for a hub that are said, and that end with the reason of the signal. */
export const hubWaits = ({ signal, say }: Pick<RunContext, "signal" | "say">): HubWaits => ({
  signal,
  onWait: ({ url, ms, reason }) => say(`${hostOf(url)}: ${reason}; asking again in ${(ms / 1000).toFixed(1)} s`),
});

/** Of a web address; a name of a dataset stays as it is. */
const hostOf = (url: string): string => (/^https?:/.test(url) ? new URL(url).host : url);
