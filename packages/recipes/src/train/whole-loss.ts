import type { Gradients, Optimizer, OptimizerState, Updating } from "@cramkit/optim";
import type { GradFn } from "@cramkit/trainer";
import type { NamedTensors } from "../named-tensors.ts";
import type { Team } from "../team.ts";

/**
 * The losses of a loop's microbatches as the mean over the targets of all ranks. Ranks exchange losses before the update that
 * follows exchanges gradients: collective calls must come in the same order everywhere.
 */
export const withLossOfAll = <B>(
  team: Pick<Team, "sum">,
  gradient: GradFn<NamedTensors, B, Gradients, OptimizerState>,
  optimizer: Optimizer<Updating>,
): { grad: typeof gradient; optimizer: Optimizer<Updating> } => {
  let exchanged: Promise<unknown> = Promise.resolve();
  return {
    grad(params, batch, progress, state) {
      const { loss, grads } = gradient(params, batch, progress, state);
      const targets = typeof grads.targets === "number" ? grads.targets : 1;
      const whole = (async () => {
        const own = (await loss.data())[0]!;
        const sums = Float64Array.of(targets === 0 ? 0 : own * targets, targets);
        await team.sum(sums);
        return [sums[0]! / sums[1]!];
      })();
      exchanged = whole;
      return { loss: { data: () => whole, dispose: () => loss.dispose() }, grads };
    },
    optimizer: {
      ...optimizer,
      async update(...given) {
        await exchanged;
        return optimizer.update(...given);
      },
    },
  };
};
