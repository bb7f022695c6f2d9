import type { RequestListener } from "node:http";
import { gzipSync } from "node:zlib";
import { codeOf } from "@cramkit/errors";
import { afterEach, expect, it } from "vitest";
import { createFetch, createPatience, maySeeToken, type Wait } from "./index.ts";
import { startServer, type TestServer } from "./server.testing.ts";

const servers: TestServer[] = [];
const serve = async (answer: RequestListener): Promise<TestServer> => {
  const server = await startServer(answer);
  servers.push(server);
  return server;
};
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("expected an error, got none");
    },
    (error) => error,
  );

it("hands on what a server says, with its address and status", async () => {
  const { url } = await serve((_, response) => response.writeHead(404, { "x-code": "7" }).end("no"));
  const response = await createFetch()(`${url}/a`);
  expect([response.status, response.headers.get("x-code"), response.url, await response.text()]).toEqual([
    404,
    "7",
    `${url}/a`,
    "no",
  ]);
});

it("comes again when the server says so, and gives up after its retries", async () => {
  let busy = 2;
  const { url, asked } = await serve((_, response) =>
    busy-- > 0 ? response.writeHead(429, { "retry-after": "0" }).end() : response.end("ok"),
  );
  const waits: number[] = [];
  const fetch = createFetch({ retries: 3, onWait: ({ ms }) => waits.push(ms) });
  expect(await (await fetch(url)).text()).toBe("ok");
  expect(asked).toHaveLength(3);
  expect(waits).toEqual([0, 0]);
  busy = 100;
  expect((await fetch(url)).status).toBe(429);
  expect(asked).toHaveLength(3 + 4);
});

it.each([
  [{ "retry-after": "0" }, 0],
  [{ "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, 0],
  [{ ratelimit: '"api";r=0;t=0' }, 0],
  [{}, 200],
  [{ "retry-after": "soon" }, 200],
])("waits as %j says", async (headers, expected) => {
  let busy = 1;
  const { url } = await serve((_, response) => response.writeHead(busy-- > 0 ? 503 : 200, headers).end());
  const waits: number[] = [];
  await createFetch({ onWait: ({ ms }) => waits.push(ms) })(url);
  expect(waits).toEqual([expected]);
});

it("does not wait for longer than is sensible", async () => {
  const { url, asked } = await serve((_, response) => response.writeHead(429, { "retry-after": "3600" }).end());
  expect((await createFetch()(url)).status).toBe(429);
  expect(asked).toHaveLength(1);
});

it("repeats a request whose connection broke, and says what failed in the end", async () => {
  let broken = 1;
  const { url, asked } = await serve((request, response) =>
    broken-- > 0 ? request.socket.destroy() : response.end("ok"),
  );
  expect(await (await createFetch()(url)).text()).toBe("ok");
  expect(asked).toHaveLength(2);
  broken = 100;
  const error = await failureOf(createFetch({ retries: 1 })(url));
  expect(codeOf(error)).toBe("network");
  expect(error.place).toBe(url);
  const nobody = await failureOf(createFetch({ retries: 0 })("http://127.0.0.1:9/"));
  expect(nobody.message).toMatch(/^http:\/\/127\.0\.0\.1:9\/: .*(reached|failed)/);
});

it("gives up a server that falls silent: before the headers, in the body, or with a byte now and then", async () => {
  const { url } = await serve((request, response) => {
    if (request.url === "/headers") return;
    response.writeHead(200, { "content-length": "100000" });
    response.write("x");
    if (request.url === "/drip") {
      const timer = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(timer));
    }
  });
  const fetch = createFetch({ silenceMs: 200, retries: 0 });
  expect(codeOf(await failureOf(fetch(`${url}/headers`)))).toBe("network");
  for (const path of ["/body", "/drip"]) {
    const error = await failureOf(fetch(url + path).then((response) => response.arrayBuffer()));
    expect([codeOf(error), error.place]).toEqual(["network", url + path]);
  }
});

it("asks a silent server once more, whatever the retries, and says so", async () => {
  const { url, asked } = await serve(() => {});
  const waits: Wait[] = [];
  const fetch = createFetch({ silenceMs: 200, onWait: (wait) => waits.push(wait) });
  expect(codeOf(await failureOf(fetch(url)))).toBe("network");
  expect(asked).toHaveLength(2);
  expect(waits).toEqual([{ url, ms: 200, reason: "expected an answer, got nothing for 0 s" }]);
});

it("waits between tries until they have taken twice the time of a silence", () => {
  const patience = createPatience(3, 1000);
  expect([patience(10), patience(1900), patience(100)]).toEqual([200, 400, undefined]);
  const slow = createPatience(3, 1000);
  expect([slow(9_000, { bytes: 5_000 }), slow(9_000, { bytes: 10 })]).toEqual([200, undefined]);
  const quick = createPatience(3, 1000);
  expect([quick(1), quick(1), quick(1), quick(1)]).toEqual([200, 400, 800, undefined]);
});

it("does not count the time of a slow reader", async () => {
  const { url } = await serve((_, response) => response.end("x".repeat(300_000)));
  const response = await createFetch({ silenceMs: 100, retries: 0 })(url);
  let bytes = 0;
  let chunks = 0;
  for await (const chunk of response.body!) {
    bytes += chunk.length;
    if (chunks++ < 3) await new Promise((resolve) => setTimeout(resolve, 120));
  }
  expect(bytes).toBe(300_000);
});

it("ends a body at its limit: announced, endless, or small until it is unpacked", async () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  const { url } = await serve((request, response) => {
    if (request.url === "/announced") response.writeHead(200, { "content-length": "2000000" }).flushHeaders();
    else if (request.url === "/bomb") response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    else {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", more);
      more();
    }
  });
  const fetch = createFetch({ maxBytes: ({ pathname }) => (pathname === "/free" ? 10_000_000 : 100_000) });
  for (const path of ["/announced", "/endless", "/bomb"]) {
    const error = await failureOf(fetch(url + path).then((response) => response.arrayBuffer()));
    expect([codeOf(error), error.place], path).toEqual(["too-large", url + path]);
  }
  expect(codeOf(await failureOf(fetch(`${url}/free`).then((response) => response.text())))).toBe("too-large");
});

it("says that a body ended before its announced end", async () => {
  const { url } = await serve((_, response) => {
    response.writeHead(200, { "content-length": "10" });
    response.write("x", () => response.destroy());
  });
  const response = await createFetch()(url);
  expect(codeOf(await failureOf(response.text()))).toBe("network");
});

it("sends a token to the origins that it is for, not after redirects to others, not to other addresses", async () => {
  const other = await serve((_, response) => response.end("other"));
  const hub = await serve((request, response) => {
    if (request.url === "/away") response.writeHead(302, { location: `${other.url}/file` }).end();
    else if (request.url === "/on") response.writeHead(307, { location: "/end" }).end();
    else response.end("hub");
  });
  const back = await serve((_, response) => response.writeHead(302, { location: `${hub.url}/end` }).end());
  const fetch = createFetch({ accessToken: { value: "hf_secret", urls: [`${hub.url}/with/path`] } });
  expect(await (await fetch(`${hub.url}/on`)).text()).toBe("hub");
  const response = await fetch(`${hub.url}/away`);
  expect([await response.text(), response.url, response.redirected]).toEqual(["other", `${other.url}/file`, true]);
  await fetch(`${other.url}/next`, { headers: { authorization: "Bearer hf_secret" } }); // as from a `Link` header
  await fetch(back.url);
  expect(hub.asked).toEqual([
    "GET /on Bearer hf_secret",
    "GET /end Bearer hf_secret",
    "GET /away Bearer hf_secret",
    "GET /end Bearer hf_secret",
  ]);
  expect([...other.asked, ...back.asked]).toEqual(["GET /file", "GET /next", "GET /"]);
});

it("treats a header of the caller's as a token for the address of the request", async () => {
  const other = await serve((_, response) => response.end());
  const first = await serve((_, response) => response.writeHead(302, { location: other.url }).end());
  await createFetch()(first.url, { headers: { authorization: "Basic x" } });
  expect([first.asked, other.asked]).toEqual([["GET / Basic x"], ["GET /"]]);
  const fetch = createFetch({ accessToken: { value: "hf_secret", urls: [first.url] } });
  await fetch(other.url, { headers: { authorization: "Bearer of-the-store" } });
  expect(other.asked.at(-1)).toBe("GET / Bearer of-the-store");
});

it.each([
  ["https://hub.example/api", true],
  ["https://hub.example:443/", true],
  ["https://hub.example:8443/", false],
  ["https://hub.example.evil.com/", false],
  ["https://evil.com/hub.example", false],
  ["https://hub.example@evil.com/", false],
  ["http://hub.example/", false],
  ["http://mirror.lan:8080/", false],
  ["http://localhost:8080/", true],
  ["http://127.0.0.1:8080/", true],
  ["http://127.0.0.1.evil.com:8080/", false],
])("%s may see a token: %s", (url, expected) => {
  const urls = [
    "https://hub.example",
    "http://hub.example",
    "http://mirror.lan:8080",
    "http://localhost:8080",
    "http://127.0.0.1:8080",
    "http://127.0.0.1.evil.com:8080",
  ];
  expect(maySeeToken(url, urls)).toBe(expected);
});

it("does not show a bad token in its error", async () => {
  const { url } = await serve((_, response) => response.end());
  const error = await failureOf(createFetch({ accessToken: { value: "hf_secret\n", urls: [url] } })(url));
  expect(codeOf(error)).toBe("invalid-argument");
  expect(`${error.message}${error.stack}`).not.toContain("hf_secret");
});

it.each(["file:///etc/passwd", "data:text/plain,x", "http://[", "/again"])("follows no redirect to %s", async (to) => {
  const { url, asked } = await serve((_, response) => response.writeHead(302, { location: to }).end());
  const error = await failureOf(createFetch()(url));
  expect(codeOf(error)).toBe("refused");
  expect(asked.length).toBeLessThanOrEqual(11);
});

it("asks as it should after a redirect of a POST", async () => {
  const { url, asked } = await serve((request, response) => {
    const to = /^\/(\d+)$/.exec(request.url!)?.[1];
    if (to) response.writeHead(Number(to), { location: "/end" }).end();
    else request.pipe(response);
  });
  const post = { method: "POST", body: "x" };
  expect(await (await createFetch()(`${url}/303`, post)).text()).toBe("");
  expect(await (await createFetch()(`${url}/307`, post)).text()).toBe("x");
  expect(asked).toEqual(["POST /303", "GET /end", "POST /307", "POST /end"]);
});

it("ends at a signal: in a request, in a wait, in a body", async () => {
  const { url } = await serve((request, response) => {
    if (request.url === "/wait") response.writeHead(503, { "retry-after": "60" }).end();
    else if (request.url === "/body") response.writeHead(200).write("x");
  });
  for (const path of ["/request", "/wait", "/body"]) {
    const signal = AbortSignal.timeout(50);
    const error = await failureOf(createFetch({ signal })(url + path).then((response) => response.text()));
    expect(codeOf(error) ?? error.name, path).toMatch(/cancelled|TimeoutError/);
  }
});
