import { getEventListeners } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Interrupted } from "../progress.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { hubWaits } from "./hub-waits.ts";
import { prepare } from "./prepare.ts";
import { prepareTask } from "./tasks/prepare-task.ts";

it("says which server is asked again, why and when", () => {
  const lines: string[] = [];
  const { onWait } = hubWaits({ say: (line) => lines.push(line) });
  onWait!({ url: "https://hub.example/api/a?b=c", ms: 800, reason: "status 503" });
  onWait!({ url: "hf://datasets/a/b@main/c.parquet", ms: 30_000, reason: "the connection ended" });
  expect(lines).toEqual([
    "hub.example: status 503; asking again in 0.8 s",
    "hf://datasets/a/b@main/c.parquet: the connection ended; asking again in 30.0 s",
  ]);
});

it.each(["whole", "a task"])(
  "ends a wait as a preparation ends that was asked to stop, and leaves nothing at the signal: %s",
  async (kind) => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { recipe, root } = tinyRun({ budget: "3 steps" });
    const sources = [{ kind: "hub" as const, uri: "hf://datasets/a/b", hubUrl }];
    const asked: typeof recipe = {
      ...recipe,
      corpus: { ...recipe.corpus, sources: sources as typeof recipe.corpus.sources },
    };
    const controller = new AbortController();
    server.once("request", () => controller.abort("any reason"));
    const context = { ...quiet, signal: controller.signal };
    const folder = join(root, "prepared");
    const prepared =
      kind === "whole" ? prepare(asked, folder, context) : prepareTask(asked, folder, { task: 0, of: 2 }, context);
    const error = await prepared.catch((error: unknown) => error);
    server.closeAllConnections();
    server.close();
    expect(error).toBeInstanceOf(Interrupted);
    expect((error as Error).message).toMatch(/^stopped while preparing; the same command goes on in /);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  },
);
