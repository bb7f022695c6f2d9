import type { Tensor } from "@tensorflow/tfjs-core";
import type {
  Gradients,
  Optimizer,
  OptimizerState,
  Progress,
  State,
  TensorMap,
  Updated,
  Updating,
} from "../contracts.ts";

/** What the update of an optimizer returns whose state is known. */
export interface UpdatedAs<S extends State> {
  params: TensorMap;
  state: S;
  applied: boolean;
}

/** An optimizer as its author writes it, with a state of known form. */
export interface OptimizerDefinition<S extends State> {
  init(params: TensorMap): S;
  update(grads: Gradients, state: S, params: TensorMap, progress: Progress, gradScale?: Tensor): UpdatedAs<S>;
}

/** The same for one whose update ends later. */
export interface AsyncOptimizerDefinition<S extends State> {
  init(params: TensorMap): S;
  update(grads: Gradients, state: S, params: TensorMap, progress: Progress, gradScale?: Tensor): Promise<UpdatedAs<S>>;
}

/** An optimizer of your own: closes the form of its state to everybody else. */
export function defineOptimizer<S extends State>(definition: OptimizerDefinition<S>): Optimizer<Updated>;
export function defineOptimizer<S extends State>(definition: AsyncOptimizerDefinition<S>): Optimizer<Promise<Updated>>;
export function defineOptimizer(definition: unknown): Optimizer<Updating> {
  return definition as Optimizer<Updating>;
}

/** A wrapper: its update ends when that of the optimizer inside does. */
export const defineWrapper = <S extends State, R extends Updating>(
  _inner: Optimizer<R>,
  definition: {
    init(params: TensorMap): S;
    update(
      grads: Gradients,
      state: S,
      params: TensorMap,
      progress: Progress,
      gradScale?: Tensor,
    ): UpdatedAs<S> | Promise<UpdatedAs<S>>;
  },
): Optimizer<R | Updated> => definition as unknown as Optimizer<R | Updated>;

/**
 * `next` of what an update returned, at once or when it is there; `release`, which disposes of what the update borrowed, runs
 * in any case, also if the update fails.
 */
export const after = <T>(
  update: () => Updating,
  next: (updated: Updated) => T,
  release: () => void = () => {},
): T | Promise<T> => {
  let result: Updating;
  try {
    result = update();
  } catch (error) {
    release();
    throw error;
  }
  if (!(result instanceof Promise)) {
    release();
    return next(result);
  }
  return result.finally(release).then(next);
};

/** The fields of a state, for those of this package that know its form. */
export const opened = (state: OptimizerState): { readonly [key: string]: State } =>
  state as unknown as { readonly [key: string]: State };

/** The inverse of `opened`. */
export const closed = (state: { readonly [key: string]: State }): OptimizerState => state as unknown as OptimizerState;
