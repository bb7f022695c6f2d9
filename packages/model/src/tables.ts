const tables = new Map<string, Float32Array>();

/** A table of constants on the host, computed when it is first asked for and not in every step. */
export const tableOnce = (key: string, compute: () => Float32Array): Float32Array => {
  const known = tables.get(key) ?? compute();
  tables.set(key, known);
  return known;
};
