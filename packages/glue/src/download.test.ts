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

let directory: string;
let server: Server;
let endpoint: string;
const requests: { url: string; authorization?: string }[] = [];
/** What the hub answers to a request for a file of RTE. */
let answer: "whole" | "short" | "html" | "missing" | "hang";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cramkit-glue-"));
  answer = "whole";
  requests.length = 0;
  server = createServer((request, response) => {
    const url = request.url!;
    requests.push({ url, authorization: request.headers.authorization });
    // The hub sends the client on to its store.
    if (url.startsWith("/datasets/nyu-mll/glue/resolve/main/rte/")) {
      if (answer === "missing") return response.writeHead(404).end("no");
      return response.writeHead(302, { location: `${endpoint}/store` }).end();
    }
    if (answer === "html") return response.end("<html>sign in</html>");
    response.writeHead(200, { "content-length": file.length });
    if (answer === "short") return response.write(file.subarray(0, 20), () => response.destroy());
    if (answer === "hang") return response.write(file.subarray(0, 20));
    return response.end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

describe("downloadGlue", () => {
  it("fetches a task so that it can be read, and nothing twice", async () => {
    const progress: DownloadProgress[] = [];
    const options = { tasks: ["rte"] as const, endpoint: `${endpoint}/`, token: "secret" };
    const paths = await downloadGlue(directory, { ...options, onProgress: (each) => progress.push(each) });
    expect(paths.map((path) => path.slice(directory.length + 1))).toEqual(
      ["train", "validation", "test"].map((split) => join("rte", `${split}-00000-of-00001.parquet`)),
    );
    expect((await readGlue(directory, "rte")).train).toEqual([
      { text: "a", pair: "c", label: 0 },
      { text: "b", pair: "d", label: 1 },
    ]);
    expect(requests[0]).toEqual({
      url: "/datasets/nyu-mll/glue/resolve/main/rte/train-00000-of-00001.parquet",
      authorization: "Bearer secret",
    });
    expect(progress.at(-1)).toMatchObject({ bytes: file.length, totalBytes: file.length, done: 2, total: 3 });
    const before = requests.length;
    await downloadGlue(directory, options);
    expect(requests).toHaveLength(before);
  });

  it.each([
    ["missing", /rte\/train-00000-of-00001.parquet: expected a Parquet file, got HTTP status 404; check the network/],
    ["short", /expected a Parquet file, got \d+ bytes and then/],
    ["html", /got 20 bytes of something else/],
  ] as const)("names the address of a file that is %s, and keeps nothing of it", async (kind, message) => {
    answer = kind;
    await expect(downloadGlue(directory, { tasks: ["rte"], endpoint })).rejects.toThrow(message);
    expect((await readdir(directory, { recursive: true })).filter((name) => /parquet/.test(name))).toEqual([]);
  });

  it("says so where there is no network", async () => {
    await expect(downloadGlue(directory, { tasks: ["rte"], endpoint: "http://127.0.0.1:9" })).rejects.toThrow(
      /got .*(ECONNREFUSED|bad port)/,
    );
  });

  it("stops at the signal", async () => {
    answer = "hang";
    const controller = new AbortController();
    const download = downloadGlue(directory, {
      tasks: ["rte"],
      endpoint,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await expect(download).rejects.toThrow("enough");
  });
});
