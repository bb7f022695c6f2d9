/** An iterable that starts from the beginning each time it is iterated, as an async generator does not. */
export const restartable = <T>(start: () => AsyncIterator<T>): AsyncIterable<T> => ({ [Symbol.asyncIterator]: start });
