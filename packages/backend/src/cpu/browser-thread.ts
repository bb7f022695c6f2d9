/** A thread beside the calling one. */
export interface Thread {
  terminate(): void;
}

/** Starts a thread that runs a script in a browser, and posts the message to it. */
export type StartThread = (script: string, message: unknown) => Thread;

/** A `Worker` of the calling thread, from a text: no file path, so nothing that a bundler or an installation could break. */
export const startBrowserThread: StartThread = (script, message) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.postMessage(message);
  URL.revokeObjectURL(url);
  return worker;
};
