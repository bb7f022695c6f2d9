import { ACCEPT, ATOMIC, BACKWARD, FORWARD, LOOK, type RegexProgram, SPLIT } from "./program.ts";

/** Finds matches in time that is linear in the text, whatever the expression. */
export interface RegexMatcher {
  /** Where the match that starts at `start` ends, or -1. */
  matchAt(start: number): number;
}

const FAILED = -1;
/** Numbers that are remembered at most, 256 MB; when there are more, all are forgotten. */
const MAX_REMEMBERED = 1 << 26;
/** Entries of the stack, three for each choice that is open. */
const MAX_CHOICES = 1 << 26;
/** Steps for each character of the text, and for any text. Only forgetting can lead here. */
const STEPS = 20_000;
const FREE_STEPS = 10_000_000;

/**
 * Backtracking with a memory: how it ends to go on from an instruction at a position does not depend on how one came there,
 * so no pair of them is tried twice, over all starts of matches in a text. (Davis et al., "Using selective memoization to
 * defeat regular expression denial of service", 2021; Fujinami and Hasuo, arXiv 2401.12639, for looking around and atomic
 * groups.)
 */
export const regexMatcher = (program: RegexProgram, text: string): RegexMatcher => {
  const { op, x, y, z, sets, splits } = program;
  const size = text.length;
  // Results by page of positions: 0 unknown, FAILED, or the end of the match and 1.
  const shift = Math.max(2, Math.min(8, Math.floor(Math.log2(65536 / (splits + 1)))));
  const mask = (1 << shift) - 1;
  let pages = new Map<number, Int32Array>();
  let forgotten = 0;
  let steps = FREE_STEPS + STEPS * size;
  const choices: number[] = [];
  const trail: number[] = [];

  const pageOf = (position: number) => {
    const number = position >> shift;
    let page = pages.get(number);
    if (!page) {
      if (pages.size * splits * (mask + 1) > MAX_REMEMBERED) pages = new Map();
      page = new Int32Array(splits << shift);
      pages.set(number, page);
    }
    return page;
  };

  /** Goes from an instruction to the end of its part; the position there, or -1. */
  const run = (from: number, start: number): number => {
    const bottom = choices.length;
    const trailBottom = trail.length;
    let pc = from;
    let at = start;
    let end = FAILED;
    search: for (;;) {
      if (--steps < 0) throw new RangeError("it needs too many steps on this text");
      let failed = false;
      switch (op[pc]) {
        case FORWARD: {
          const code = at < size ? text.codePointAt(at)! : -1;
          if (code >= 0 && sets[z[pc]!]!(code)) {
            at += code > 0xffff ? 2 : 1;
            pc = x[pc]!;
          } else failed = true;
          break;
        }
        case BACKWARD: {
          let before = at - 1;
          if (before > 0 && isLow(text.charCodeAt(before)) && isHigh(text.charCodeAt(before - 1))) before--;
          if (before >= 0 && sets[z[pc]!]!(text.codePointAt(before)!)) {
            at = before;
            pc = x[pc]!;
          } else failed = true;
          break;
        }
        case SPLIT: {
          const page = pageOf(at);
          const slot = z[pc]! * (mask + 1) + (at & mask);
          const known = page[slot]!;
          if (known === FAILED) failed = true;
          else if (known > 0) {
            end = known - 1;
            break search;
          } else {
            // Taken for failed from now on; if it succeeds, the trail leads back here.
            page[slot] = FAILED;
            trail.push(z[pc]!, at);
            if (choices.length > MAX_CHOICES) throw new RangeError("it needs too much memory on this text");
            choices.push(y[pc]!, at, trail.length);
            pc = x[pc]!;
          }
          break;
        }
        case LOOK:
          if (run(y[pc]!, at) >= 0 === (z[pc] === 0)) pc = x[pc]!;
          else failed = true;
          break;
        case ATOMIC: {
          const taken = run(z[pc]!, at);
          if (taken < 0) failed = true;
          else {
            pc = taken === at ? y[pc]! : x[pc]!;
            at = taken;
          }
          break;
        }
        case ACCEPT:
          end = at;
          break search;
      }
      if (!failed) continue;
      if (choices.length === bottom) break;
      // The split itself stays on the trail: it is left by its other branch.
      trail.length = choices.pop()!;
      at = choices.pop()!;
      pc = choices.pop()!;
    }
    choices.length = bottom;
    if (end >= 0)
      for (let i = trailBottom; i < trail.length; i += 2) {
        const position = trail[i + 1]!;
        pageOf(position)[trail[i]! * (mask + 1) + (position & mask)] = end + 1;
      }
    trail.length = trailBottom;
    return end;
  };

  return {
    matchAt(start) {
      // No match goes back before its start: what is remembered of earlier text is of no use.
      for (; forgotten < start >> shift; forgotten++) pages.delete(forgotten);
      return run(program.start, start);
    },
  };
};

const isLow = (unit: number) => unit >= 0xdc00 && unit < 0xe000;
const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xdc00;
