import { disposeGradients, type Optimizer } from "@cramkit/optim";

/** The optimizer, leaving no gradients behind if an update fails, as for want of memory. */
export const disposingOnFailure = (optimizer: Optimizer): Optimizer => ({
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
