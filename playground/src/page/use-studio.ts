import { useEffect, useLayoutEffect, useReducer, useRef } from "preact/hooks";
import type { Command, Event, ThreadRequest } from "../protocol.ts";
import { keepChoices, keptChoices } from "./kept-choices.ts";
import { serveThreads } from "./serve-threads.ts";
import { type Action, reduce, type State, stateWith } from "./state.ts";

/** The worker, and what the page knows of it. */
export interface Studio {
  state: State;
  send(command: Command): void;
  act(action: Action): void;
}

const saveFile = (name: string, bytes: Uint8Array<ArrayBuffer>): void => {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/zip" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};

/** A browser may refuse it as soon as it is named. */
const storage = () => localStorage;

/** Starts the worker with the page, and follows what it says. */
export const useStudio = (): Studio => {
  const [state, act] = useReducer<State, Event | Action, typeof storage>(reduce, storage, (kept) =>
    stateWith(keptChoices(kept)),
  );
  const { size, minutes, wantedDevice } = state;
  // At once: an effect that waits for a frame is too late for a page that is loaded again.
  useLayoutEffect(() => keepChoices(storage, { size, minutes, device: wantedDevice }), [size, minutes, wantedDevice]);
  const worker = useRef<Worker>(undefined);
  useEffect(() => {
    const started = new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module" });
    worker.current = started;
    const serve = serveThreads();
    started.addEventListener("message", ({ data }: MessageEvent<Event | ThreadRequest>) => {
      if (data.type === "startThread" || data.type === "endThread") {
        serve(data);
        return;
      }
      if (data.type === "archive") saveFile(data.name, data.bytes);
      act(data);
    });
    started.addEventListener("error", (event) => {
      const remedy = "load the page again: the run goes on from its last checkpoint";
      act({
        type: "failed",
        command: "look",
        failure: { problem: event.message || "the worker did not start", remedy },
      });
    });
    started.postMessage({ type: "look" } satisfies Command);
    return () => started.terminate();
  }, []);
  return { state, act, send: (command) => worker.current?.postMessage(command) };
};
