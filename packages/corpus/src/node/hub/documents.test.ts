import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { collect } from "../../collect.ts";
import { hubDocuments } from "./documents.ts";
import { parseHubUri } from "./uri.ts";

interface Served {
  content: Buffer;
  etag: string;
}

/** A server that answers the calls of the hub which reading a dataset makes: the tree, in pages, and ranges of files. */
const startHub = async (files: Record<string, Served>, token = "hf_secret") => {
  const requests: string[] = [];
  /** Bodies are cut after so many bytes, a number for each coming download. */
  const cuts: number[] = [];
  /** The coming requests are refused with these. */
  const refusals: { status: number; headers: Record<string, string> }[] = [];
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? "", `http://${request.headers.host}`);
    requests.push(`${url.pathname} ${request.headers.range ?? ""}`.trim());
    const refusal = refusals.shift();
    if (refusal) return void response.writeHead(refusal.status, refusal.headers).end("not now");
    if (request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
    const [, tree = ""] = /^\/api\/datasets\/o\/set\/tree\/main\/?(.*)$/.exec(url.pathname) ?? [undefined];
    if (url.pathname.startsWith("/api/")) return listing(response, url, tree);
    const file = files[decodeURIComponent(url.pathname.replace("/datasets/o/set/resolve/main/", ""))];
    if (!file) return void response.writeHead(404, { "X-Error-Code": "EntryNotFound" }).end();
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const { content, etag } = file;
    const body = from === undefined ? content : content.subarray(Number(from), Number(to) + 1);
    response.writeHead(from === undefined ? 200 : 206, {
      etag,
      "content-length": body.length,
      ...(from === undefined ? {} : { "content-range": `bytes ${from}-${to}/${content.length}` }),
    });
    const cut = request.headers.range === "bytes=0-0" ? undefined : cuts.shift();
    if (cut === undefined) return void response.end(body);
    response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
  });
  const listing = (response: ServerResponse, url: URL, folder: string) => {
    if (!url.pathname.includes("/o/set/tree/main")) return void response.writeHead(404).end();
    const paths = Object.keys(files).filter((path) => folder === "" || path.startsWith(`${folder}/`));
    const page = Number(url.searchParams.get("cursor") ?? 0);
    const next = new URL(url);
    next.searchParams.set("cursor", String(page + 2));
    response.writeHead(200, {
      "content-type": "application/json",
      ...(page + 2 < paths.length ? { link: `<${next}>; rel="next"` } : {}),
    });
    const entries = paths
      .slice(page, page + 2)
      .map((path) => ({ type: "file", path, size: files[path]?.content.length }));
    response.end(JSON.stringify(entries));
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { hubUrl, requests, cuts, refusals, close: () => new Promise((resolve) => server.close(resolve)) };
};

const jsonl = (from: number, count: number) =>
  Buffer.from(Array.from({ length: count }, (_, n) => `${JSON.stringify({ text: `text ${from + n}` })}\n`).join(""));
const served = (content: Buffer, etag?: string): Served => ({
  content,
  etag: `"${etag ?? createHash("sha256").update(content).digest("hex")}"`,
});

const folders: string[] = [];
let cacheFolder: string;
beforeEach(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), "cramkit-hub-"));
  folders.push(cacheFolder);
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const accessToken = "hf_secret";
const texts = (from: number, count: number) => Array.from({ length: count }, (_, n) => `text ${from + n}`);

describe("hubDocuments", () => {
  it("reads the files of a dataset through pages, folders and patterns, once each", async () => {
    const files = {
      "README.md": served(Buffer.from("the card"), "c"),
      "data/b.jsonl.gz": served(gzipSync(jsonl(3, 2))),
      "data/a.jsonl": served(jsonl(0, 3)),
      "other/c d.txt": served(Buffer.from("text 5"), "e1"),
    };
    const hub = await startHub(files);
    const read = async (uri: string) => {
      const source = hubDocuments({ uri, hubUrl: hub.hubUrl, accessToken, cacheFolder });
      return (await collect(source)).map(({ text }) => text);
    };
    expect(await read("hf://datasets/o/set")).toEqual(texts(0, 6));
    expect(await read("hf://datasets/o/set/data")).toEqual(texts(0, 5));
    expect(await read("hf://datasets/o/set/data/*.gz")).toEqual(texts(3, 2));
    expect(await read("hf://datasets/o/set@main/other/c d.txt")).toEqual(["text 5"]);
    const downloads = hub.requests.filter((request) => request.includes("/resolve/") && !request.endsWith("bytes=0-0"));
    expect(downloads).toHaveLength(3); // the rest came from the cache
    files["data/a.jsonl"] = served(jsonl(10, 1));
    expect(await read("hf://datasets/o/set/data/a.jsonl")).toEqual(texts(10, 1)); // another etag
    await hub.close();
  });

  it("continues an interrupted download where it stopped, at once and in a later process", async () => {
    const content = jsonl(0, 30_000);
    const hub = await startHub({ "a.jsonl": served(content) });
    const options = { uri: "hf://datasets/o/set", hubUrl: hub.hubUrl, accessToken, cacheFolder };
    hub.cuts.push(100_000, 150_000);
    await expect(collect(hubDocuments({ ...options, retries: 1 }))).rejects.toThrow(/run again to continue/);
    expect(await collect(hubDocuments(options))).toHaveLength(30_000);
    const ranges = hub.requests.filter((request) => request.includes("resolve") && !request.endsWith("=0-0"));
    const starts = ranges.map((request) => Number(/bytes=(\d+)/.exec(request)?.[1] ?? 0));
    expect(starts[0]).toBe(0);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(starts[2]).toBeGreaterThan(0);
    await hub.close();
  });

  it("waits as long as a hub that has had enough asks for, and repeats what failed on its side", async () => {
    const hub = await startHub({ "a.jsonl": served(jsonl(0, 3)) });
    const options = { uri: "hf://datasets/o/set", hubUrl: hub.hubUrl, accessToken, cacheFolder };
    // The listing, what the file is, and its contents.
    hub.refusals.push({ status: 429, headers: { "retry-after": "1" } }, { status: 502, headers: {} });
    const started = Date.now();
    const documents = hubDocuments({ ...options, retries: 2 });
    expect(await collect(documents)).toHaveLength(3);
    expect(Date.now() - started).toBeGreaterThanOrEqual(1000);
    expect(hub.requests).toHaveLength(5);
    hub.refusals.push(
      { status: 429, headers: { ratelimit: '"api";r=0;t=1' } },
      { status: 503, headers: { "retry-after": new Date(0).toUTCString() } },
      { status: 429, headers: { "retry-after": "3600" } },
    );
    await expect(collect(hubDocuments({ ...options, retries: 0 }))).rejects.toThrow(
      /status 429.*run again to continue/,
    );
    await expect(collect(hubDocuments({ ...options, retries: 0 }))).rejects.toThrow(/status 503/);
    await expect(collect(hubDocuments({ ...options, retries: 0 }))).rejects.toThrow(/status 429/);
    await hub.close();
  });

  it("asks for names and revisions with signs that mean something in an address", async () => {
    const hub = await startHub({ "data/50% #1?.jsonl": served(jsonl(0, 3)) });
    const options = { hubUrl: hub.hubUrl, accessToken, cacheFolder };
    expect(await collect(hubDocuments({ uri: "hf://datasets/o/set/data", ...options }))).toHaveLength(3);
    const uri = "hf://datasets/o/set@refs%2Fconvert%2Fparquet/en";
    await expect(collect(hubDocuments({ uri, ...options }))).rejects.toThrow(/does not exist/);
    expect(hub.requests.at(-1)).toBe("/api/datasets/o/set/tree/refs%2Fconvert%2Fparquet/en");
    await hub.close();
  });

  it("refuses contents that are not those announced, and keeps nothing of them", async () => {
    const content = jsonl(0, 10);
    const hub = await startHub({ "a.jsonl": served(content, "0".repeat(64)) });
    const options = { uri: "hf://datasets/o/set", hubUrl: hub.hubUrl, accessToken, cacheFolder, retries: 0 };
    await expect(collect(hubDocuments(options))).rejects.toThrow(/does not have the announced SHA-256/);
    const left = readdirSync(cacheFolder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(left).toEqual([]);
    await hub.close();
  });

  it("says what to do without access, without the dataset, and without files", async () => {
    const hub = await startHub({ "README.md": served(Buffer.from("card"), "c") });
    const options = { hubUrl: hub.hubUrl, cacheFolder, accessToken };
    const read = (uri: string, more = {}) => collect(hubDocuments({ uri, ...options, ...more }));
    await expect(read("hf://datasets/o/set", { accessToken: "hf_other" })).rejects.toThrow(
      /no access to hf:\/\/datasets\/o\/set \(401\); pass the token .* accept the terms .* check the name/,
    );
    await expect(read("hf://datasets/o/none")).rejects.toThrow(/does not exist \(404\)/);
    await expect(read("hf://datasets/o/set")).rejects.toThrow(/expected files to read, got none at/);
    await expect(read("hf://models/o/set")).rejects.toThrow(/expected hf:\/\/datasets\/OWNER\/NAME/);
    await hub.close();
  });
});

describe("parseHubUri", () => {
  it("knows revisions, folders, files and patterns", () => {
    const parse = (uri: string) => {
      const { name, revision, folder } = parseHubUri(uri);
      return [name, revision, folder];
    };
    expect(parse("hf://datasets/o/n")).toEqual(["o/n", "main", ""]);
    expect(parse("hf://datasets/o/n@refs%2Fconvert%2Fparquet/en/train")).toEqual([
      "o/n",
      "refs/convert/parquet",
      "en/train",
    ]);
    expect(parse("hf://datasets/o/n/a/b.parquet")).toEqual(["o/n", "main", "a"]);
    expect(parse("hf://datasets/o/n/a/**/*.parquet")).toEqual(["o/n", "main", "a"]);
    expect(parseHubUri("hf://datasets/o/n/a/*.json").matches("a/x.json")).toBe(true);
    expect(parseHubUri("hf://datasets/o/n/a/b.json").matches("a/x.json")).toBe(false);
  });
});
