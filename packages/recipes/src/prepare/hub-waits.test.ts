import { expect, it } from "vitest";
import { Interrupted } from "../progress.ts";
import { hubWaits } from "./hub-waits.ts";

it("says which server is asked again, why and when", () => {
  const lines: string[] = [];
  const { onWait } = hubWaits({ say: (line) => lines.push(line) }, "kept");
  onWait!({ url: "https://hub.example/api/a?b=c", ms: 800, reason: "status 503" });
  onWait!({ url: "hf://datasets/a/b@main/c.parquet", ms: 30_000, reason: "the connection ended" });
  expect(lines).toEqual([
    "hub.example: status 503; asking again in 0.8 s",
    "hf://datasets/a/b@main/c.parquet: the connection ended; asking again in 30.0 s",
  ]);
});

it("ends a wait as a run ends that was asked to stop, before it or during it", () => {
  for (const isBefore of [true, false]) {
    const controller = new AbortController();
    if (isBefore) controller.abort();
    const { signal } = hubWaits({ signal: controller.signal, say() {} }, "the same command goes on");
    controller.abort();
    expect(signal!.reason).toEqual(new Interrupted("the same command goes on"));
  }
});
