import { fault } from "@cramkit/errors";
import { Tensor } from "@tensorflow/tfjs-core";
import type { OptimizerState, State, TensorMap } from "../contracts.ts";
import { disposeMap } from "./tensor-map.ts";

/** A state without its tensors: JSON. Where a tensor was, `{ "tensor": path }`. */
export type StateLayout =
  | number
  | { tensor: string }
  | readonly StateLayout[]
  | { state: { [key: string]: StateLayout } };

type Visit = (tensor: Tensor, path: string) => void;

const walk = (state: State, path: string, visit: Visit): StateLayout => {
  if (typeof state === "number") return state;
  if (state instanceof Tensor) {
    visit(state, path);
    return { tensor: path };
  }
  const at = (key: string | number) => (path === "" ? `${key}` : `${path}/${key}`);
  if (Array.isArray(state)) return state.map((item, i) => walk(item, at(i), visit));
  const entries = Object.entries(state as unknown as { [key: string]: State });
  return { state: Object.fromEntries(entries.map(([key, item]) => [key, walk(item, at(key), visit)])) };
};

/** All tensors of a state, borrowed, by their path in it: `"inner/mu/encoder.final_norm.weight"`. */
export const stateTensors = (state: State): Record<string, Tensor> => {
  const tensors: Record<string, Tensor> = {};
  walk(state, "", (tensor, path) => {
    tensors[path] = tensor;
  });
  return tensors;
};

/** The rest of a state, its structure and its numbers, as JSON. */
export const stateLayout = (state: State): StateLayout => walk(state, "", () => {});

/** The inverse of `stateTensors` and `stateLayout`. Takes the tensors over. */
export const stateFromTensors = <S extends State = OptimizerState>(layout: StateLayout, tensors: TensorMap): S => {
  const unused = new Set(Object.keys(tensors));
  const build = (node: StateLayout): State => {
    if (typeof node === "number") return node;
    if (Array.isArray(node)) return node.map(build);
    if ("tensor" in node) {
      const tensor = tensors[node.tensor as string];
      if (!tensor)
        throw fault({
          code: "invalid-argument",
          place: "stateFromTensors",
          problem: `expected a tensor "${node.tensor}", got none`,
          type: RangeError,
        });
      unused.delete(node.tensor as string);
      return tensor;
    }
    const { state } = node as { state: { [key: string]: StateLayout } };
    return Object.fromEntries(Object.entries(state).map(([key, item]) => [key, build(item)]));
  };
  const state = build(layout) as unknown as S;
  const [extra] = unused;
  if (extra !== undefined)
    throw fault({
      code: "invalid-argument",
      place: "stateFromTensors",
      problem: `expected the tensors of the layout, got "${extra}" too`,
      type: RangeError,
    });
  return state;
};

export const disposeState = (state: State): void => disposeMap(stateTensors(state));
