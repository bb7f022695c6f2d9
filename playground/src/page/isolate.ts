const triedKey = "isolation-tried";

/**
 * Registers the service worker: the page works offline then. If the host did not send the headers of cross-origin isolation,
 * the worker adds them, from the next load on: the page loads again, once. It goes on with one thread if that did not help.
 */
export const isolate = async (): Promise<void> => {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("./service-worker.js");
    if (globalThis.crossOriginIsolated || sessionStorage.getItem(triedKey)) return;
    await navigator.serviceWorker.ready;
    sessionStorage.setItem(triedKey, "yes");
    location.reload();
    await new Promise(() => {}); // the page is about to go
  } catch {
    // The development server, or a browser that forbids it: the page says that it has one thread.
  }
};
