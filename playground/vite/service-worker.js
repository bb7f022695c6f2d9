// Keeps the page for use without a network, and adds the headers of cross-origin isolation, which threads need, where the
// host does not send them.
const { version, files } = "%BUILD%";
const cacheName = `playground-${version}`;

const isolated = (response) => {
  if (response.status === 0) return response; // opaque: no header can be added
  const headers = new Headers(response.headers);
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-embedder-policy", "require-corp");
  headers.set("cross-origin-resource-policy", "same-origin");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
};

self.addEventListener("install", (event) => {
  const fill = async () => (await caches.open(cacheName)).addAll(files);
  event.waitUntil(fill().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const tidyUp = async () => {
    for (const name of await caches.keys())
      if (name.startsWith("playground-") && name !== cacheName) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(tidyUp());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  const answer = async () => {
    const cached = await caches.match(request, { cacheName, ignoreSearch: true });
    return isolated(cached ?? (await fetch(request)));
  };
  event.respondWith(answer());
});
