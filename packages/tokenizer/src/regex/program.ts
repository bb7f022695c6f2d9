import { lengthOf, type RegexNode, type Repeat } from "./node.ts";
import { setTest } from "./set-test.ts";

export const FORWARD = 0;
export const BACKWARD = 1;
export const SPLIT = 2;
export const LOOK = 3;
export const ATOMIC = 4;
export const ACCEPT = 5;

/** Instructions in columns. What `x`, `y` and `z` mean depends on the operation. */
export interface RegexProgram {
  readonly start: number;
  /**
   * FORWARD, BACKWARD: test a character by `sets[z]`, go to `x`. SPLIT: try `x`, then `y`; `z` is its number. LOOK: run `y`,
   * go to `x` unless its success is `z`. ATOMIC: run `z`, go to `x` if it took something, else to `y`. ACCEPT: done.
   */
  readonly op: Uint8Array;
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly z: Int32Array;
  readonly sets: readonly ((code: number) => boolean)[];
  readonly splits: number;
}

/** Bounds of repetitions are written out, so a short expression can make a long program. */
const MAX_INSTRUCTIONS = 100_000;

/**
 * Where to go on. Oniguruma leaves a repetition whose body has taken nothing; so parts of such a body exist twice, for
 * the time before something was taken (`fresh`) and after (`used`). Elsewhere the two are one.
 */
interface Next {
  readonly fresh: number;
  readonly used: number;
}

export const compileProgram = (root: RegexNode): RegexProgram => {
  const op: number[] = [];
  const x: number[] = [];
  const y: number[] = [];
  const z: number[] = [];
  const sets: ((code: number) => boolean)[] = [];
  const setNumbers = new Map<string, number>();
  let splits = 0;

  const emit = (code: number, a: number, b: number, c: number) => {
    if (op.length >= MAX_INSTRUCTIONS) throw new SyntaxError("its repetitions, written out, are too long");
    x.push(a);
    y.push(b);
    z.push(c);
    return op.push(code) - 1;
  };
  const numberOf = (text: string) => {
    let number = setNumbers.get(text);
    if (number === undefined) {
      number = sets.push(setTest(text)) - 1;
      setNumbers.set(text, number);
    }
    return number;
  };
  const split = (first: number, second: number) => (first === second ? first : emit(SPLIT, first, second, splits++));
  const both = (next: Next, make: (to: number) => number): Next => {
    const used = make(next.used);
    return { used, fresh: next.fresh === next.used ? used : make(next.fresh) };
  };
  const body = (node: RegexNode, backward: boolean) => {
    const accept = emit(ACCEPT, 0, 0, 0);
    return compile(node, { fresh: accept, used: accept }, backward).used;
  };

  const compile = (node: RegexNode, next: Next, backward: boolean): Next => {
    switch (node.type) {
      case "set": {
        const at = emit(backward ? BACKWARD : FORWARD, next.used, 0, numberOf(node.set));
        return { fresh: at, used: at };
      }
      case "sequence": {
        const parts = backward ? node.parts : [...node.parts].reverse();
        return parts.reduce((behind, part) => compile(part, behind, backward), next);
      }
      case "choice": {
        const entries = node.options.map((option) => compile(option, next, backward)).reverse();
        const used = entries.map((entry) => entry.used).reduce((rest, entry) => split(entry, rest));
        if (next.fresh === next.used && entries.every((entry) => entry.fresh === entry.used))
          return { fresh: used, used };
        return { used, fresh: entries.map((entry) => entry.fresh).reduce((rest, entry) => split(entry, rest)) };
      }
      case "look": {
        const run = body(node.body, node.behind);
        return both(next, (to) => emit(LOOK, to, run, node.negative ? 1 : 0));
      }
      case "atomic": {
        const run = body(node.body, backward);
        const used = emit(ATOMIC, next.used, next.used, run);
        return { used, fresh: next.fresh === next.used ? used : emit(ATOMIC, next.used, next.fresh, run) };
      }
      case "repeat":
        return compileRepeat(node, next, backward);
    }
  };

  const compileRepeat = (node: Repeat, next: Next, backward: boolean): Next => {
    const optional = (entry: number, exit: number) => (node.lazy ? split(exit, entry) : split(entry, exit));
    let rest = next;
    if (node.max === Number.POSITIVE_INFINITY) rest = compileLoop(node, next, backward);
    else {
      for (let i = node.min; i < node.max; i++) {
        const entry = compile(node.body, rest, backward);
        const used = optional(entry.used, next.used);
        rest = {
          used,
          fresh: entry.fresh === entry.used && next.fresh === next.used ? used : optional(entry.fresh, next.fresh),
        };
      }
    }
    for (let i = 0; i < node.min; i++) rest = compile(node.body, rest, backward);
    return rest;
  };

  const compileLoop = (node: Repeat, next: Next, backward: boolean): Next => {
    const isNullable = lengthOf(node.body).min === 0;
    const loop = (exit: number, again: number | undefined) => {
      const at = emit(SPLIT, 0, 0, splits++);
      const back = again ?? at;
      const entry = compile(
        node.body,
        isNullable ? { fresh: exit, used: back } : { fresh: back, used: back },
        backward,
      );
      x[at] = node.lazy ? exit : entry.fresh;
      y[at] = node.lazy ? entry.fresh : exit;
      return at;
    };
    const used = loop(next.used, undefined);
    return { used, fresh: next.fresh === next.used ? used : loop(next.fresh, used) };
  };

  const start = body(root, false);
  const column = (values: number[]) => Int32Array.from(values);
  return { start, op: Uint8Array.from(op), x: column(x), y: column(y), z: column(z), sets, splits };
};
