import type { StartThread } from "@cramkit/backend";
import type { ThreadRequest } from "../protocol.ts";

/** Threads that the page starts: in Firefox 153 a worker that starts workers hangs now and then, for good. */
export const pageThreads = (post: (request: ThreadRequest) => void): StartThread => {
  let started = 0;
  return (script, message) => {
    const thread = ++started;
    post({ type: "startThread", thread, script, message });
    return { terminate: () => post({ type: "endThread", thread }) };
  };
};
