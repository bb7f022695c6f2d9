import { add, addN, div, mul, sqrt, square, tidy, zerosLike } from "@tensorflow/tfjs-core";

const each = (params, make) =>
  Object.fromEntries(Object.entries(params).map(([name, param]) => [name, make(param, name)]));
const disposeAll = (...maps) => {
  for (const tensor of maps.flatMap((map) => Object.values(map))) tensor.dispose();
};

/**
 * AdEMAMix (Pagliardini et al., arXiv 2409.03137) without its warm-ups: Adam with a second, slow average of gradients m2,
 *
 *     u = (m1 / (1 - b1^t) + alpha m2) / (sqrt(v / (1 - b2^t)) + epsilon)
 *
 * A transformation has two functions. `init` makes a state of tensors and numbers. `update` consumes gradients and state,
 * borrows the parameters, and returns what is to be added to them. Everything else (rate, decay, clipping, accumulation, loss
 * scaling, checkpoints) comes from the parts around it.
 *
 * @returns {import("@cramkit/optim").GradientTransformation}
 */
export const scaleByAdemamix = ({ b1 = 0.9, b2 = 0.98, b3 = 0.999, alpha = 5, epsilon = 1e-8 } = {}) => ({
  init: (params) => ({
    fast: each(params, (param) => zerosLike(param)),
    slow: each(params, (param) => zerosLike(param)),
    squares: each(params, (param) => zerosLike(param)),
    count: 0,
  }),
  update(grads, state, params) {
    const count = state.count + 1;
    const average = (before, now, decay) => tidy(() => add(mul(before, decay), mul(now, 1 - decay)));
    const fast = each(params, (_, name) => average(state.fast[name], grads[name], b1));
    const slow = each(params, (_, name) => average(state.slow[name], grads[name], b3));
    const squares = each(params, (_, name) => tidy(() => average(state.squares[name], square(grads[name]), b2)));
    const updates = each(params, (_, name) =>
      tidy(() => {
        const direction = addN([div(fast[name], 1 - b1 ** count), mul(slow[name], alpha)]);
        return div(direction, add(sqrt(div(squares[name], 1 - b2 ** count)), epsilon));
      }),
    );
    disposeAll(grads, state.fast, state.slow, state.squares);
    return { updates, state: { fast, slow, squares, count } };
  },
});
