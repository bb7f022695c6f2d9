const triedKey = "isolation-tried";

/**
 * Registers the service worker: the page works offline then. If the host did not send the headers of cross-origin isolation,
 * the worker adds them, from the next load on: the page loads again, once. It goes on with one thread if that did not help.
 */
export const isolate = async (): Promise<void> => {
  if (!("serviceWorker" in navigator)) return;
  try {
    const registering = navigator.serviceWorker.register("./service-worker.js");
    if (globalThis.crossOriginIsolated || sessionStorage.getItem(triedKey)) {
      registering.catch(() => {}); // without a network there is no newer one to be had
      return;
    }
    await registering;
    await navigator.serviceWorker.ready;
    sessionStorage.setItem(triedKey, "yes");
    // Not `reload`: after a forced one that would pass the service worker by once more.
    location.replace(location.pathname + location.search);
    await new Promise((resolve) => setTimeout(resolve, 3000)); // the page is about to go
  } catch {
    // The development server, or a browser that forbids it: the page says that it has one thread.
  }
};
