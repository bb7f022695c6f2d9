import type { HubAccess } from "@cramkit/corpus/node";
import { Interrupted, type RunContext } from "../progress.ts";

/** How a hub is waited for. */
export type HubWaits = Pick<HubAccess, "signal" | "onWait">;

/** Waits for a hub that are said, and that end with `Interrupted` when the run is asked to stop; `kept` says what there is to go on from. */
export const hubWaits = ({ signal, say }: Pick<RunContext, "signal" | "say">, kept: string): HubWaits => {
  const controller = new AbortController();
  const stop = () => controller.abort(new Interrupted(kept));
  if (signal?.aborted) stop();
  else signal?.addEventListener("abort", stop, { once: true });
  return {
    signal: controller.signal,
    onWait: ({ url, ms, reason }) => say(`${hostOf(url)}: ${reason}; asking again in ${(ms / 1000).toFixed(1)} s`),
  };
};

/** Of a web address; a name of a dataset stays as it is. */
const hostOf = (url: string): string => (/^https?:/.test(url) ? new URL(url).host : url);
