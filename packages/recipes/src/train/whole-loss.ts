import { fault, hasCode } from "@cramkit/errors";
import { disposeGradients, type Gradients, type Optimizer, type OptimizerState, type Updating } from "@cramkit/optim";
import type { GradFn } from "@cramkit/trainer";
import type { NamedTensors } from "../named-tensors.ts";
import type { Team } from "../team.ts";

/** Errors that all ranks have thrown in the same microbatch. */
const sharedFailures = new WeakSet<object>();

/** Whether all ranks have thrown this error, or one that stands for it, so that all may go on together. */
export const isThrownByAll = (error: unknown): boolean =>
  typeof error === "object" && error !== null && sharedFailures.has(error);

/**
 * The losses of a loop's microbatches as the mean over the targets of all ranks. Ranks exchange losses before the update that
 * follows exchanges gradients: collective calls must come in the same order everywhere. If one rank's memory runs out in a
 * gradient, the update throws `out-of-memory` on all, so that all may go on with smaller microbatches.
 */
export const withLossOfAll = <B>(
  team: Pick<Team, "sum">,
  gradient: GradFn<NamedTensors, B, Gradients, OptimizerState>,
  optimizer: Optimizer<Updating>,
): { grad: typeof gradient; optimizer: Optimizer<Updating> } => {
  let exchanged: Promise<unknown> = Promise.resolve();
  return {
    grad(params, batch, progress, state) {
      let made: ReturnType<typeof gradient> | undefined;
      let failure: unknown;
      try {
        made = gradient(params, batch, progress, state);
      } catch (error) {
        if (!hasCode(error, "out-of-memory")) throw error;
        failure = error;
      }
      const { loss, grads } = made ?? { loss: undefined, grads: { grads: {} } };
      const targets = typeof grads.targets === "number" ? grads.targets : 1;
      const whole = (async () => {
        const own = await loss?.data().catch((error: unknown) => {
          if (!hasCode(error, "out-of-memory")) throw error;
          failure = error;
        });
        const sums = Float64Array.of(
          targets === 0 || !own ? 0 : own[0]! * targets,
          targets,
          failure === undefined ? 0 : 1,
        );
        await team.sum(sums);
        if (sums[2]! > 0) {
          const error =
            failure ?? fault({ code: "out-of-memory", problem: `memory ran out on ${sums[2]} other ranks` });
          sharedFailures.add(error as object);
          throw error;
        }
        return [sums[0]! / sums[1]!];
      })();
      whole.catch(() => {}); // the update says so
      exchanged = whole;
      return { loss: { data: () => whole, dispose: () => loss?.dispose() }, grads };
    },
    optimizer: {
      ...optimizer,
      async update(gradients, ...given) {
        try {
          await exchanged;
        } catch (error) {
          disposeGradients(gradients);
          throw error;
        }
        return optimizer.update(gradients, ...given);
      },
    },
  };
};
