/** 0, 1, ... n - 1: what the text of a shader writes out. */
export const range = (n: number): number[] => [...Array(n).keys()];
