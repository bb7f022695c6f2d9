import { disposeGradients, type Optimizer, type Updating } from "@cramkit/optim";

/** The optimizer, leaving no gradients behind if an update fails, as for want of memory. */
export const disposingOnFailure = <R extends Updating>(optimizer: Optimizer<R>): Optimizer<R> => ({
  ...optimizer,
  update(gradients, ...rest) {
    try {
      return optimizer.update(gradients, ...rest);
    } catch (error) {
      disposeGradients(gradients);
      throw error;
    }
  },
});
