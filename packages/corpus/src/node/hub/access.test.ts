import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@cramkit/errors";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { collect } from "../../collect.ts";
import { endingFetch, type HubAccess, openHub } from "./access.ts";
import { hubDocuments } from "./documents.ts";

const content = Buffer.from('{"text":"one"}\n');
const sha256 = createHash("sha256").update(content).digest("hex");
const servers: Server[] = [];
let cacheFolder: string;

beforeEach(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), "cramkit-hub-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
  rmSync(cacheFolder, { recursive: true });
});

/** A server, and every token that it saw. */
const serve = async (answer: RequestListener) => {
  const tokens: string[] = [];
  const server = createServer((request, response) => {
    tokens.push(request.headers.authorization ?? "none");
    answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tokens };
};

const sendFile: RequestListener = (request, response) => {
  const [, from = "0", to = String(content.length - 1)] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
  const body = content.subarray(Number(from), Number(to) + 1);
  const range = `bytes ${from}-${to}/${content.length}`;
  const headers = { etag: `"${sha256}"`, "content-range": range, "x-cache": "Hit from cloudfront" };
  response.writeHead(206, { ...headers, "content-length": body.length }).end(body);
};

/** A hub whose listing is `entries`, which sends on to `store` for files. */
const hubOf = (store: string | undefined, headers: Record<string, string> = {}) =>
  serve((request, response) => {
    const entries = [{ type: "file", path: "a.jsonl", size: content.length }];
    if (request.url!.startsWith("/api/")) response.writeHead(200, headers).end(JSON.stringify(entries));
    else if (store === undefined) sendFile(request, response);
    else response.writeHead(302, { location: `${store}/a.jsonl`, "x-linked-etag": `"${sha256}"` }).end();
  });

const uri = "hf://datasets/o/set";
const read = async (options: HubAccess = {}) =>
  (await collect(hubDocuments({ uri, cacheFolder, retries: 0, ...options }))).map(({ text }) => text);

it("asks HF_ENDPOINT, with HF_TOKEN, and sends no token on to the store of its files", async () => {
  const store = await serve(sendFile);
  const hub = await hubOf(store.url);
  vi.stubEnv("HF_TOKEN", "hf_secret");
  vi.stubEnv("HF_ENDPOINT", `${hub.url}/`);
  expect(await read()).toEqual(["one"]);
  expect(new Set(hub.tokens)).toEqual(new Set(["Bearer hf_secret"]));
  expect(store.tokens.length).toBeGreaterThan(0);
  expect(new Set(store.tokens)).toEqual(new Set(["none"]));
});

it("does not send HF_TOKEN to an address that a recipe names", async () => {
  const hub = await hubOf(undefined);
  vi.stubEnv("HF_TOKEN", "hf_secret");
  expect(await read({ hubUrl: hub.url })).toEqual(["one"]);
  expect(new Set(hub.tokens)).toEqual(new Set(["none"]));
});

it("sends a token that the caller passes to the hub that the caller names", async () => {
  const hub = await hubOf(undefined);
  expect(await read({ hubUrl: hub.url, accessToken: "hf_mine" })).toEqual(["one"]);
  expect(new Set(hub.tokens)).toEqual(new Set(["Bearer hf_mine"]));
});

it("sends no token to the next page of a listing on another host", async () => {
  const other = await serve((_, response) => response.end("[]"));
  const hub = await hubOf(undefined, { link: `<${other.url}/api/next>; rel="next"` });
  expect(await read({ hubUrl: hub.url, accessToken: "hf_mine" })).toEqual(["one"]);
  expect(other.tokens).toEqual(["none"]);
});

it("sends no token to another host that claims to refresh one", async () => {
  const other = await serve((_, response) => response.writeHead(500).end());
  const hub = await serve((request, response) => {
    if (request.url!.startsWith("/api/"))
      return response.end(JSON.stringify([{ type: "file", path: "a.jsonl", size: 1 }]));
    const link = `<${other.url}/auth>; rel="xet-auth", <${other.url}/info>; rel="xet-reconstruction-info"`;
    const headers = { link, etag: '"x"', "x-linked-size": "15", "x-xet-hash": "0".repeat(64) };
    return response.writeHead(200, { ...headers, "content-type": "application/vnd.xet-fileinfo+json" }).end("{}");
  });
  await expect(read({ hubUrl: hub.url, accessToken: "hf_mine" })).rejects.toThrow();
  expect(other.tokens.length).toBeGreaterThan(0);
  expect(new Set(other.tokens)).toEqual(new Set(["none"]));
});

it("ends a listing without an end, and one of endless bytes", async () => {
  const fetch = endingFetch(async () => new Response("[]"), uri);
  let pages = 0;
  await expect(
    (async () => {
      for (;;) {
        await fetch("http://x");
        pages++;
      }
    })(),
  ).rejects.toMatchObject({ code: "too-large", place: uri });
  expect(pages).toBe(10_000);
  const hub = await serve((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(1 << 20, " ")));
    };
    response.on("drain", more);
    more();
  });
  const error = await read({ hubUrl: hub.url }).catch((failure) => failure);
  expect(codeOf(error)).toBe("too-large");
});

it("keeps the names that a hub sends inside of the cache", async () => {
  const hub = await serve((request, response) => {
    if (request.url!.startsWith("/api/")) response.end(JSON.stringify([{ type: "file", path: "a/..", size: 1 }]));
    else sendFile(request, response);
  });
  const source = hubDocuments({ uri, cacheFolder, hubUrl: hub.url, retries: 0, format: "jsonl" });
  await expect(collect(source)).rejects.toMatchObject({ code: "damaged-file" });
});

it.each(["huggingface.co", "ftp://huggingface.co", "file:///etc"])("refuses %s as the address of a hub", (address) => {
  expect(() => openHub({}, { HF_ENDPOINT: address })).toThrow(/^HF_ENDPOINT: expected a web address/);
  expect(() => openHub({ hubUrl: address }, {})).toThrow(/^hubUrl: expected a web address/);
});

it.each([
  ["a page in HTML", "<html>Please log in</html>", /the answer is not that of a hub \(.*JSON.*\); check the address/],
  ["an object", '{"error": "no"}', /the answer is not that of a hub/],
  ["null among the files", "[null]", /expected files with a path and a size, got null/],
  ["a file without a size", '[{"type": "file", "path": "a.jsonl"}]', /got \{"type":"file","path":"a.jsonl"\}/],
  ["a number as a path", '[{"type": "file", "path": 7, "size": 1}]', /got \{"type":"file","path":7,"size":1\}/],
])("says that %s is no listing of a hub", async (_, answer, message) => {
  const { url } = await serve((_request, response) => void response.end(answer));
  const reading = collect(hubDocuments({ uri: "hf://datasets/a/b", hubUrl: url, cacheFolder, retries: 0 }));
  await expect(reading).rejects.toThrow(message);
  await expect(reading).rejects.not.toThrow(/run again|destructure/);
});

it.each(["/api/", "/datasets/o/set/resolve/"])("stops waiting for a hub that is silent at %s", async (path) => {
  const { url } = await serve((request, response) => {
    if (request.url!.startsWith(path)) return;
    response.end(JSON.stringify([{ type: "file", path: "a.jsonl", size: content.length }]));
  });
  const reason = new Error("stopped");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 200);
  await expect(read({ hubUrl: url, signal: controller.signal })).rejects.toBe(reason);
});

it("stops in the middle of a download, and between two tries", async () => {
  for (const sent of [content.length - 1, 0]) {
    const controller = new AbortController();
    const reason = new Error("stopped");
    const { url } = await serve((request, response) => {
      if (request.url!.startsWith("/api/"))
        return response.end(JSON.stringify([{ type: "file", path: "a.jsonl", size: content.length }]));
      if (request.headers.range === "bytes=0-0") return sendFile(request, response);
      response.writeHead(200, { etag: `"${sha256}"`, "content-length": content.length });
      if (sent > 0) response.write(content.subarray(0, sent));
      else response.destroy();
      return setTimeout(() => controller.abort(reason), 50);
    });
    await expect(read({ hubUrl: url, signal: controller.signal, retries: 5 })).rejects.toBe(reason);
  }
});

it("keeps names of a server that are long, or hold line feeds, on one line of a message", async () => {
  const names = ["a\ncramkit: all is well\u001b[2J.jsonl", `${"a".repeat(5000)}.jsonl`];
  for (const path of names) {
    const { url } = await serve((request, response) =>
      request.url!.includes("/api/")
        ? void response.end(JSON.stringify([{ type: "file", path, size: 1, oid: "a" }]))
        : void response.writeHead(404).end(),
    );
    const reading = collect(hubDocuments({ uri: "hf://datasets/a/b", hubUrl: url, cacheFolder, retries: 0 }));
    const { message } = await reading.then(
      () => new Error("it was read"),
      (error: Error) => error,
    );
    expect(message).toMatch(/^.{1,700}$/);
  }
});
