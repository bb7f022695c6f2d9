import { createHash } from "node:crypto";
import { fault } from "@cramkit/errors";
import type { Communicator } from "./communicator.ts";

/**
 * Checks at the start that all ranks have the same: `things` by name, each anything that JSON can hold. Collective. Throws
 * the same fault on every rank, which names what differs and the ranks that differ from rank 0.
 */
export const requireAgreement = async (
  communicator: Communicator,
  things: Readonly<Record<string, unknown>>,
): Promise<void> => {
  const names = Object.keys(things);
  const digests = names.map((name) =>
    createHash("sha256")
      .update(JSON.stringify(things[name]) ?? "")
      .digest(),
  );
  // The names themselves may differ between versions: they count as the first thing.
  const own = Buffer.concat([createHash("sha256").update(names.join("\n")).digest(), ...digests.slice(0, 63)]);
  const sent = new Uint8Array(64 * 32);
  sent.set(own);
  const all = await communicator.allGather(sent);
  const of = (rank: number, thing: number) =>
    Buffer.from(all.subarray(rank * sent.length + thing * 32, rank * sent.length + (thing + 1) * 32));
  const different = ["the version of Cramkit", ...names].flatMap((name, thing) => {
    const ranks = Array.from({ length: communicator.size }, (_, rank) => rank).filter(
      (rank) => !of(rank, thing).equals(of(0, thing)),
    );
    return ranks.length > 0 ? [`${name} (${ranks.length === 1 ? "rank" : "ranks"} ${ranks.join(", ")})`] : [];
  });
  if (different.length > 0)
    throw fault({
      code: "version-mismatch",
      problem: `expected the same on every rank, got other values than rank 0's for ${different.join("; ")}`,
      remedy: "start every rank with the same command, files and libraries",
    });
};
