import { decodeF16, encodeF16 } from "@cramkit/checkpoint";
import { type FaultParts, fault, isFault, partsOf, problemOf } from "@cramkit/errors";
import type { Communicator } from "@cramkit/parallel";
import { TrainingDiverged } from "@cramkit/trainer";
import { Interrupted, type RunContext } from "./progress.ts";

/** The ranks of a job as a run sees them. Alone, every method is the work itself. */
export interface Team {
  readonly rank: number;
  readonly size: number;
  /** Ranks of this job on this machine. */
  readonly localSize: number;
  /** Rank 0 does the work for all: they get its result, which JSON must hold, or its error. Collective. */
  lead<T>(work: () => T | Promise<T>): Promise<T>;
  /** Every rank does its own work. An error of one is thrown on all, named after the rank. Collective. */
  together<T>(work: () => T | Promise<T>): Promise<T>;
  /** Throws on all ranks if one of the things is not the same on all of them. Collective. */
  agree(things: Readonly<Record<string, unknown>>): Promise<void>;
  /** Whether any rank says so. Collective. */
  any(here: boolean): Promise<boolean>;
  /** Replaces the values by their sums over all ranks. Collective. */
  sum(values: Float32Array | Float64Array): Promise<void>;
  /** The same with float16 on the wire. Collective. */
  sumHalves(values: Float32Array): Promise<void>;
  /** Replaces the bytes by those of rank 0. Collective. */
  broadcast(values: ArrayBufferView): Promise<void>;
}

const alone: Team = {
  rank: 0,
  size: 1,
  localSize: 1,
  lead: async (work) => work(),
  together: async (work) => work(),
  async agree() {},
  any: async (here) => here,
  async sum() {},
  async sumHalves() {},
  async broadcast() {},
};

/** Errors that every rank of the job has thrown, so that one of them may say so. */
const shared = new WeakSet<object>();

/** Whether all ranks of the job have this error, or one that stands for it. */
export const isOfAllRanks = (error: unknown): boolean =>
  error instanceof Interrupted ||
  error instanceof TrainingDiverged ||
  (typeof error === "object" && error !== null && shared.has(error));

/** What is sent of an error. */
interface Sent {
  /** @defaultValue absent unless it is a fault */
  readonly parts?: FaultParts;
  readonly name: string;
  readonly message: string;
}

const sentOf = (error: unknown, place?: string): Sent => {
  const at = (own: string | undefined) => [place, own].filter(Boolean).join(", ") || undefined;
  if (isFault(error)) {
    const parts = partsOf(error);
    return { parts: { ...parts, place: at(parts.place) }, name: error.name, message: error.message };
  }
  const message = problemOf(error);
  return {
    name: error instanceof Error ? error.name : "Error",
    message: place === undefined ? message : `${place}: ${message}`,
  };
};

const received = ({ parts, name, message }: Sent): Error => {
  const error = parts ? fault(parts) : name === "Interrupted" ? new Interrupted(message) : new Error(message);
  shared.add(error);
  return error;
};

const longestError = 2048;

/** The ranks of a context as a team; alone without them. */
export const teamOf = ({ ranks }: Pick<RunContext, "ranks">): Team => {
  if (ranks === undefined || ranks.size === 1) return alone;
  const { rank, size, localSize } = ranks;
  return {
    rank,
    size,
    localSize,
    async lead<T>(work: () => T | Promise<T>): Promise<T> {
      let [own, failure]: [T | undefined, unknown] = [undefined, undefined];
      let text = "";
      if (rank === 0) {
        try {
          own = await work();
          text = JSON.stringify({ value: own });
        } catch (error) {
          failure = error;
          text = JSON.stringify({ error: sentOf(error) });
        }
      }
      const bytes = await sendText(ranks, text);
      if (rank > 0) {
        const { value, error } = JSON.parse(new TextDecoder().decode(bytes)) as { value?: T; error?: Sent };
        if (error) throw received(error);
        return value as T;
      }
      if (failure === undefined) return own as T;
      if (typeof failure === "object" && failure !== null) shared.add(failure);
      throw failure;
    },
    async together(work) {
      let result: Awaited<ReturnType<typeof work>> | undefined;
      const sent = new Uint8Array(longestError);
      try {
        result = await work();
      } catch (error) {
        const text = JSON.stringify(sentOf(error, `rank ${rank} of ${size}`));
        const short = JSON.stringify({
          name: "Error",
          message: `rank ${rank} of ${size}: ${problemOf(error)}`.slice(0, 500),
        });
        const bytes = new TextEncoder().encode(text);
        sent.set(bytes.length <= longestError ? bytes : new TextEncoder().encode(short));
      }
      const all = await ranks.allGather(sent);
      for (let at = 0; at < all.length; at += longestError) {
        const bytes = all.subarray(at, at + longestError);
        if (bytes[0] === 0) continue;
        throw received(JSON.parse(new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0) >>> 0))) as Sent);
      }
      return result!;
    },
    async agree(things) {
      const { requireAgreement } = await import("@cramkit/parallel");
      await requireAgreement(ranks, things).catch((error) => {
        shared.add(error);
        throw error;
      });
    },
    async any(here) {
      const flag = Int32Array.of(here ? 1 : 0);
      await ranks.allReduce(flag, "max");
      return flag[0] === 1;
    },
    sum: (values) => ranks.allReduce(values),
    async sumHalves(values) {
      const { sumInHalfPrecision } = await import("@cramkit/parallel");
      await sumInHalfPrecision(ranks, values, halves);
    },
    broadcast: (values) => ranks.broadcast(values),
  };
};

const halves = {
  encode: (values: Float32Array, out: Uint16Array) => out.set(encodeF16(values)),
  decode: (bits: Uint16Array, out: Float32Array) => out.set(decodeF16(bits)),
};

/** The text of rank 0, as bytes. */
const sendText = async (ranks: Communicator, text: string): Promise<Uint8Array> => {
  const own = new TextEncoder().encode(text);
  const length = Float64Array.of(own.length);
  await ranks.broadcast(length);
  const bytes = ranks.rank === 0 ? own : new Uint8Array(length[0]!);
  await ranks.broadcast(bytes);
  return bytes;
};
