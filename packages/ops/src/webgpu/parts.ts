import type { Host, KernelBinding } from "./host.ts";

/** Rows `first` to `first + count` of tensors that are bound part by part. */
export interface Part {
  first: number;
  count: number;
}

/**
 * Cuts `rows` so that no binding exceeds the device's limit: `rowBytes` is the largest row among the bound tensors. One part
 * if everything fits. Parts start at multiples of `unit` rows, so that offsets are multiples of 256 bytes.
 */
export const partsOf = (host: Host, rows: number, rowBytes: number, unit = 64): Part[] => {
  const limit = host.capabilities.limits.maxStorageBufferBindingSize;
  if (rows * rowBytes <= limit) return [{ first: 0, count: rows }];
  const step = Math.floor(limit / rowBytes / unit) * unit;
  if (step === 0)
    throw new RangeError(
      `webgpu: expected ${unit} rows to fit a binding of ${limit} bytes, got rows of ${rowBytes} bytes; use narrower layers or the cpu backend`,
    );
  return Array.from({ length: Math.ceil(rows / step) }, (_, i) => ({
    first: i * step,
    count: Math.min(step, rows - i * step),
  }));
};

/** The binding of some rows of a tensor (or of a part of one) of `rows` rows of `rowBytes` bytes. */
export const partOf = (bound: KernelBinding, rows: number, rowBytes: number, { first, count }: Part): KernelBinding => {
  if (count === rows) return bound;
  const { tensor, byteOffset } = "tensor" in bound ? bound : { tensor: bound, byteOffset: 0 };
  return { tensor, byteOffset: byteOffset + first * rowBytes, byteLength: count * rowBytes };
};
