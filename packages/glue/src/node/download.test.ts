import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DownloadProgress, downloadGlue } from "./download.ts";
import { readGlue } from "./read-task.ts";

const file = Buffer.from(
  parquetWriteBuffer({
    columnData: [
      { name: "sentence1", data: ["a", "b"] },
      { name: "sentence2", data: ["c", "d"] },
      { name: "label", data: [0n, 1n] },
    ],
  }),
);

let folder: string;
let server: Server;
let hubUrl: string;
const requests: { url: string; authorization?: string }[] = [];
/** What the hub answers to a request for a file of RTE. */
let answer: "whole" | "short" | "html" | "missing" | "hang" | "gated";
/** Answers of a hub that has enough requests, before that. */
const refusals: { status: number; headers: Record<string, string> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cramkit-glue-"));
  answer = "whole";
  requests.length = 0;
  refusals.length = 0;
  server = createServer((request, response) => {
    const url = request.url!;
    requests.push({ url, authorization: request.headers.authorization });
    const refusal = refusals.shift();
    if (refusal) return response.writeHead(refusal.status, refusal.headers).end("slower");
    // The hub sends the client on to its store.
    if (url.startsWith("/datasets/nyu-mll/glue/resolve/main/rte/")) {
      if (answer === "missing") return response.writeHead(404).end("no");
      if (answer === "gated") return response.writeHead(403).end("no");
      return response.writeHead(302, { location: `${hubUrl}/store` }).end();
    }
    if (answer === "html") return response.end("<html>sign in</html>");
    response.writeHead(200, { "content-length": file.length });
    if (answer === "short") return response.write(file.subarray(0, 20), () => response.destroy());
    if (answer === "hang") return response.write(file.subarray(0, 20));
    return response.end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

describe("downloadGlue", () => {
  it("fetches a task so that it can be read, and nothing twice", async () => {
    const progress: DownloadProgress[] = [];
    const options = { tasks: ["rte"] as const, hubUrl: `${hubUrl}/`, accessToken: "secret" };
    const paths = await downloadGlue(folder, { ...options, onProgress: (each) => progress.push(each) });
    expect(paths.map((path) => path.slice(folder.length + 1))).toEqual(
      ["train", "validation", "test"].map((split) => join("rte", `${split}-00000-of-00001.parquet`)),
    );
    expect((await readGlue(folder, "rte")).train).toEqual([
      { text: "a", pair: "c", label: 0 },
      { text: "b", pair: "d", label: 1 },
    ]);
    expect(requests[0]).toEqual({
      url: "/datasets/nyu-mll/glue/resolve/main/rte/train-00000-of-00001.parquet",
      authorization: "Bearer secret",
    });
    expect(progress.at(-1)).toMatchObject({ bytes: file.length, totalBytes: file.length, done: 2, total: 3 });
    const before = requests.length;
    await downloadGlue(folder, options);
    expect(requests).toHaveLength(before);
  });

  it.each([
    ["missing", /rte\/train-00000-of-00001.parquet: expected a Parquet file, got HTTP status 404; check the network/],
    ["gated", /expected a Parquet file, got HTTP status 403; set HF_TOKEN/],
    ["short", /expected a Parquet file, got \d+ bytes and then/],
    ["html", /got 20 bytes of something else/],
  ] as const)("names the address of a file that is %s, and keeps nothing of it", async (kind, message) => {
    answer = kind;
    await expect(downloadGlue(folder, { tasks: ["rte"], hubUrl })).rejects.toThrow(message);
    expect((await readdir(folder, { recursive: true })).filter((name) => /parquet/.test(name))).toEqual([]);
  });

  it("asks again when a hub that limits requests says that it may", async () => {
    refusals.push(
      { status: 429, headers: { "retry-after": "1" } },
      { status: 503, headers: { "retry-after": new Date(0).toUTCString() } },
      { status: 429, headers: { ratelimit: '"resolvers";r=0;t=0' } },
    );
    const start = performance.now();
    await downloadGlue(folder, { tasks: ["rte"], hubUrl });
    expect(performance.now() - start).toBeGreaterThan(950);
    expect(requests.filter(({ url }) => url.includes("/rte/train-"))).toHaveLength(4);
    expect((await readGlue(folder, "rte")).train).toHaveLength(2);
  });

  it.each([
    ["as often as it may", { "retry-after": "0" }, 2],
    ["and the wait is too long", { "retry-after": "3600" }, 1],
    ["and it does not say when", {}, 2],
  ])("gives up where the hub still has enough, %s", async (_, headers, asked) => {
    const refusal = { status: 429, headers: headers as Record<string, string> };
    refusals.push(refusal, refusal, refusal);
    await expect(downloadGlue(folder, { tasks: ["rte"], hubUrl, retries: 1 })).rejects.toThrow("HTTP status 429");
    expect(requests).toHaveLength(asked);
  });

  it("stops at the signal while it waits", async () => {
    refusals.push({ status: 429, headers: { "retry-after": "300" } });
    const controller = new AbortController();
    const download = downloadGlue(folder, { tasks: ["rte"], hubUrl, signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 300);
    await expect(download).rejects.toThrow("enough");
    expect(requests).toHaveLength(1);
  });

  it("says so where there is no network", async () => {
    await expect(downloadGlue(folder, { tasks: ["constructor" as never] })).rejects.toThrow("expected tasks of cola");
    await expect(downloadGlue(folder, { tasks: ["rte"], hubUrl: "http://127.0.0.1:9", retries: 0 })).rejects.toThrow(
      /got .*(ECONNREFUSED|bad port)/,
    );
  });

  it("stops at the signal", async () => {
    answer = "hang";
    const controller = new AbortController();
    const download = downloadGlue(folder, {
      tasks: ["rte"],
      hubUrl,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await expect(download).rejects.toThrow("enough");
  });
});
