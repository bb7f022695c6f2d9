import type { TensorData, TensorEntry } from "@cramkit/checkpoint";
import { fault } from "@cramkit/errors";
import type { Checkpoints } from "@cramkit/trainer/node";
import type { Snapshot } from "../snapshot/checkpoint-format.ts";
import type { Team } from "../team.ts";

/**
 * Checkpoints that rank 0 alone writes and reads: the others get what it read over the wire, so only one machine needs the
 * run's folder. Every method is collective, and throws on all ranks what rank 0 met.
 */
export const sharedCheckpoints = (team: Team, own: Checkpoints<Snapshot> | undefined): Checkpoints<Snapshot> => {
  if (team.size === 1) return own!;
  return {
    write: (state, at) => team.lead(async () => own!.write(state, at)),
    removeAfter: (microbatch) => team.lead(async () => own!.removeAfter(microbatch)),
    async latest(options) {
      let found: Awaited<ReturnType<Checkpoints<Snapshot>["latest"]>>;
      const header = await team.lead(async () => {
        found = await own!.latest(options);
        if (!found) return undefined;
        const { state, ...rest } = found;
        const tensors = state.tensors.map(({ data, ...info }) => ({
          ...info,
          kind: data.constructor.name,
          length: data.length,
        }));
        return { ...rest, state: { ...state, tensors } };
      });
      if (!header) return undefined;
      const tensors: TensorEntry[] = [];
      for (const [i, { kind, length, ...info }] of header.state.tensors.entries()) {
        const data = found?.state.tensors[i]?.data ?? emptyOf(kind, length);
        await team.broadcast(data);
        tensors.push({ ...info, data });
      }
      return { ...header, state: { ...header.state, tensors } };
    },
  };
};

/** An array of the same kind and length as another process has. */
const emptyOf = (kind: string, length: number): TensorData => {
  const kinds = [Float32Array, Float64Array, BigInt64Array, Int32Array, Int16Array, Int8Array, Uint8Array] as const;
  const made = kinds.find(({ name }) => name === kind);
  if (made) return new made(length);
  throw fault({
    code: "invalid-argument",
    place: "sharedCheckpoints",
    problem: `expected a kind of array that checkpoints have, got ${kind}`,
    type: TypeError,
  });
};
