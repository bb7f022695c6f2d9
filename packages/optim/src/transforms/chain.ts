import { fault } from "@cramkit/errors";
import type { GradientTransformation, State } from "../contracts.ts";

type StateOf<T> = T extends GradientTransformation<infer S> ? S : never;
type States<T extends readonly unknown[]> = { readonly [I in keyof T]: StateOf<T[I]> };

// biome-ignore lint/suspicious/noExplicitAny: a transformation is contravariant in its state, so no narrower type fits all
type AnyTransformation = GradientTransformation<any>;

/** One transformation after the other; the state is the list of theirs. */
export const chain = <const T extends readonly AnyTransformation[]>(
  ...transformations: T
): GradientTransformation<States<T> & State> => ({
  init: (params) => transformations.map((transformation) => transformation.init(params)) as States<T> & State,
  update(updates, state, params, progress, evaluate) {
    const states = state as readonly State[];
    if (!Array.isArray(states) || states.length !== transformations.length) {
      throw fault({
        code: "invalid-argument",
        place: "chain",
        problem: `expected ${transformations.length} states, got ${Array.isArray(states) ? states.length : "none"}`,
        remedy: "make them with init() of this chain",
        type: RangeError,
      });
    }
    const next = transformations.map((transformation, i) => {
      const result = transformation.update(updates, states[i], params, progress, evaluate);
      updates = result.updates;
      return result.state;
    });
    return { updates, state: next as States<T> & State };
  },
});
