import { get, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { createReportServer } from "./serve-report.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const serve = async (options: Partial<Parameters<typeof createReportServer>[0]> = {}) => {
  let [renders, version] = [0, 0];
  server = createReportServer({
    render: async () => `page ${++renders} of version ${version}`,
    version: async () => String(version),
    periodMs: 300,
    ...options,
  });
  await new Promise<void>((listening) => server!.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const ask = (host = "localhost", path = "/", method = "GET") =>
    new Promise<{ status: number; body: string }>((done, failed) => {
      get({ port, host: "127.0.0.1", path, method, headers: { host } }, async (response) => {
        let body = "";
        for await (const chunk of response) body += chunk;
        done({ status: response.statusCode!, body });
      }).on("error", failed);
    });
  return { port, ask, renders: () => renders, change: () => version++ };
};

it("answers this machine's names alone", async () => {
  const { ask } = await serve();
  for (const host of ["localhost", "localhost:80", "127.0.0.1:1234", "[::1]:1"])
    expect((await ask(host)).status).toBe(200);
  for (const host of [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example:80",
    "192.168.0.1",
    "a@localhost",
  ])
    expect(await ask(host)).toEqual({ status: 403, body: "expected a request to localhost" });
  expect((await ask("localhost", "/recipe.json")).status).toBe(404);
  expect((await ask("localhost", "/", "POST")).status).toBe(405);
});

it("renders at most once a period, and gives nobody an old page", async () => {
  const { ask, renders, change } = await serve();
  const from = performance.now();
  while (performance.now() - from < 1000) {
    const seen = change() + 1;
    const bodies = await Promise.all(Array.from({ length: 10 }, () => ask()));
    for (const { body } of bodies) expect(body).toContain(`version ${seen}`);
  }
  expect(renders()).toBeGreaterThan(1);
  expect(renders()).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - from) / 300));
});

it("serves what is there while the period is long", async () => {
  const { ask, change } = await serve({ periodMs: 60_000 });
  expect((await ask()).body).toBe("page 1 of version 0");
  change();
  expect((await ask()).body).toBe("page 1 of version 0");
});

it("closes more connections than a person has", async () => {
  const { port } = await serve();
  const sockets = Array.from({ length: 60 }, () => connect(port, "127.0.0.1"));
  let closed = 0;
  for (const socket of sockets) socket.on("close", () => closed++).on("error", () => {});
  while (closed < 28) await new Promise((wait) => setTimeout(wait, 20));
  for (const socket of sockets) socket.destroy();
});

it("sends a client away that does not take its page, and one that does not ask", { timeout: 40_000 }, async () => {
  const { port } = await serve({ render: async () => "x".repeat(50_000_000) });
  for (const text of ["GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", "GET / HT"]) {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("error", () => {}).pause();
  }
  const open = () => new Promise<number>((done) => server!.getConnections((_, count) => done(count)));
  while ((await open()) < 2) await new Promise((wait) => setTimeout(wait, 20));
  while ((await open()) > 0) await new Promise((wait) => setTimeout(wait, 200));
});
