import { fault } from "@cramkit/errors";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Evaluate, Optimizer, OptimizerState, TensorMap, Updated, Updating } from "../contracts.ts";
import { checkFit } from "../state/check.ts";
import { defineWrapper, type UpdatedAs } from "../state/define-optimizer.ts";
import { checkPatterns, matchesName, type Pattern } from "../state/patterns.ts";
import { asMeasured, disposeMap, mapTensors } from "../state/tensor-map.ts";

export interface Group<R extends Updating = Updating> {
  /**
   * What belongs to the group: patterns over names or a predicate.
   *
   * @defaultValue all that no group before it took
   */
  params?: readonly Pattern[] | ((name: string, param: Tensor) => boolean);
  optimizer: Optimizer<R>;
}

type GroupState = readonly OptimizerState[];

const pick = (map: TensorMap, names: readonly string[]): TensorMap =>
  Object.fromEntries(names.map((name) => [name, map[name]!]));

/**
 * Gives each parameter to the optimizer of the first group that it belongs to. The state is the list of theirs. Whatever the
 * order of the groups, `evaluate` sees all weights as they were before the step.
 */
export const groups = <R extends Updating>(list: readonly Group<R>[]): Optimizer<R | Updated> => {
  const belongs = ({ params }: Group<R>, name: string, param: Tensor) =>
    params === undefined || (typeof params === "function" ? params(name, param) : matchesName(name, params));

  /** The names of each group's parameters. */
  const split = (params: TensorMap): string[][] => {
    const names: string[][] = list.map(() => []);
    for (const [name, param] of Object.entries(params)) {
      const group = list.findIndex((candidate) => belongs(candidate, name, param));
      if (group < 0) {
        throw fault({
          code: "invalid-argument",
          place: "groups",
          problem: `expected a group for every parameter, got none for "${name}"`,
          remedy: "add one without params",
          type: RangeError,
        });
      }
      names[group]!.push(name);
    }
    return names;
  };

  return defineWrapper<GroupState, R>(list[0]!.optimizer, {
    init(params) {
      const all = Object.keys(params);
      const names = split(params);
      list.forEach((group, i) => {
        if (Array.isArray(group.params)) checkPatterns("groups", group.params, all);
        if (typeof group.params === "function" && names[i]!.length === 0) {
          throw fault({
            code: "invalid-argument",
            place: "groups",
            problem: `expected group ${i} to hold a parameter, got none of ${all.length}`,
            type: RangeError,
          });
        }
      });
      return list.map(({ optimizer }, i) => optimizer.init(pick(params, names[i]!)));
    },
    update(gradients, state, params, progress, gradScale) {
      const { grads, evaluate, accumulated, targets } = asMeasured(gradients);
      checkFit("groups", "gradients", grads, params);
      if (!Array.isArray(state) || state.length !== list.length) {
        throw fault({
          code: "invalid-argument",
          place: "groups",
          problem: `expected ${list.length} states, got ${state?.length}`,
          remedy: "make them with init()",
          type: RangeError,
        });
      }
      const names = split(params);
      // The last group moves when nobody is left to ask; the others' weights are lent once more, and cost nothing until then.
      const kept = evaluate ? mapTensors(pick(params, names.slice(0, -1).flat()), (param) => param.clone()) : {};
      const before = { ...params, ...kept };
      const results = list.map(({ optimizer }, i) => {
        const given = {
          grads: pick(grads, names[i]!),
          ...(targets !== undefined && { targets }),
          ...(evaluate && { evaluate: within(evaluate, before, names[i]!), accumulated }),
        };
        return optimizer.update(given, state[i]!, pick(params, names[i]!), progress, gradScale);
      });
      const joined = (all: readonly Updated[]): UpdatedAs<GroupState> => {
        disposeMap(kept);
        return {
          params: Object.assign({ ...params }, ...all.map((result) => result.params)),
          state: all.map((result) => result.state),
          applied: all.some((result) => result.applied),
        };
      };
      return results.every((result) => !(result instanceof Promise))
        ? joined(results as unknown as readonly Updated[])
        : Promise.all(results).then(joined);
    },
  });
};

/** A group asks for gradients at parameters of its own; the others stay where they were before the step. */
const within =
  (evaluate: Evaluate, params: TensorMap, names: readonly string[]): Evaluate =>
  (changed, options) => {
    const grads = evaluate({ ...params, ...changed }, options);
    for (const [name, grad] of Object.entries(grads)) if (!names.includes(name)) grad.dispose();
    return pick(grads, names);
  };
