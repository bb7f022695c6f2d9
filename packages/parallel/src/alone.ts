import type { Communicator } from "./communicator.ts";

/** The communicator of a job of one rank. It loads nothing: every exchange is with itself. */
export const alone = (): Communicator => ({
  rank: 0,
  size: 1,
  localRank: 0,
  localSize: 1,
  description: "one rank",
  async allReduce() {},
  async broadcast() {},
  allGather: async (bytes) => bytes.slice(),
  allToAll: async (bytes) => bytes.slice(),
  async barrier() {},
  abort: (exitCode = 1) => process.exit(exitCode),
  async dispose() {},
});
