/** Told how far a training is, 0 to 1; a promise is awaited before it goes on. */
export type OnFraction = (fraction: number) => void | Promise<void>;

const msBetweenTurns = 100;

/** Gives others their turn on this thread every now and then: the training computes without a stop, and nobody hears Ctrl-C. */
export const withTurns = (onFraction: (fraction: number) => void): OnFraction => {
  let last = performance.now();
  return (fraction) => {
    onFraction(fraction);
    if (performance.now() - last < msBetweenTurns) return undefined;
    return new Promise((turn) => setTimeout(turn)).then(() => {
      last = performance.now();
    });
  };
};
