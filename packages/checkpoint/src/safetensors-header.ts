import { fault, shown } from "@cramkit/errors";
import { dtypes, elementBytes, elementCount, formatShape, isDtype, type TensorInfo } from "./tensor-entry.ts";

/**
 * The safetensors format: 8 bytes of header length (little-endian), that many bytes of JSON, then the tensors. The JSON maps
 * names to `{ dtype, shape, data_offsets: [begin, end] }` relative to the end of the header; together the ranges cover
 * the rest of the file without a gap or an overlap. `__metadata__` maps strings to strings.
 */
export interface TensorPlace extends TensorInfo {
  /** Absolute byte range in the file. */
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  metadata: Record<string, string>;
  /** In the order of their bytes. */
  tensors: TensorPlace[];
}

const again = "copy or download the file again, or write it anew";

/** The longest header that is read, as in the reference implementation. */
const maximumHeaderBytes = 100_000_000;

/**
 * The length of the JSON from the first 8 bytes of a file of `fileBytes` bytes.
 *
 * @throws A RangeError with the code `damaged-file` if the length cannot be right, before anything of that length is allocated
 */
export const headerLength = (prefix: Uint8Array, fileBytes: number, name: string): number => {
  if (fileBytes < 8)
    throw fault({
      code: "damaged-file",
      place: name,
      problem: `expected a safetensors file, got ${fileBytes} bytes: it is truncated`,
      remedy: again,
      type: RangeError,
    });
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  const limit = Math.min(maximumHeaderBytes, fileBytes - 8);
  if (length < 2n || length > BigInt(limit)) {
    throw fault({
      code: "damaged-file",
      place: name,
      problem: `expected a header of 2 to ${limit} bytes, got a length of ${length} at offset 0: it is truncated, or not safetensors`,
      remedy: again,
      type: RangeError,
    });
  }
  return Number(length);
};

/**
 * Read and check the JSON of a header.
 *
 * @throws A RangeError with the code `damaged-file` that names the tensor if a type, shape or byte range cannot be right
 */
export const parseHeader = (json: Uint8Array, fileBytes: number, name: string): SafetensorsHeader => {
  const fail = (message: string): never => {
    throw fault({ code: "damaged-file", place: name, problem: message, remedy: again, type: RangeError });
  };
  const parsed = parseObject(json, fail);
  const start = 8 + json.byteLength;
  const metadata: Record<string, string> = {};
  const tensors: TensorPlace[] = [];
  for (const [key, value] of Object.entries(parsed)) {
    if (key === "__metadata__") {
      if (!isRecord(value)) fail("expected __metadata__ to be an object");
      for (const [field, text] of Object.entries(value as object)) {
        if (typeof text !== "string") fail(`expected __metadata__.${field} to be a string, got ${typeof text}`);
        metadata[field] = text as string;
      }
      continue;
    }
    const info = isRecord(value) ? value : fail(`expected an object for tensor ${key}`);
    const { dtype, shape, data_offsets: range } = info as Record<string, unknown>;
    if (!isDtype(dtype))
      return fail(`expected the dtype of ${key} to be one of ${dtypes.join(", ")}, got ${shown(dtype)}`);
    if (!isSizes(shape)) return fail(`expected the shape of ${key} to be a list of sizes, got ${shown(shape)}`);
    if (!isSizes(range) || range.length !== 2 || range[0]! > range[1]!) {
      return fail(`expected data_offsets of ${key} to be [begin, end], got ${shown(range)}`);
    }
    const [begin, end] = range as [number, number];
    if (start + end > fileBytes) {
      return fail(`expected ${key} to end at byte ${start + end}, got a file of ${fileBytes} bytes: it is truncated`);
    }
    const bytes = elementCount(shape) * elementBytes(dtype);
    if (bytes !== end - begin) {
      return fail(
        `expected ${bytes} bytes for ${key} ${dtype} ${formatShape(shape)}, got data_offsets ${begin} to ${end}`,
      );
    }
    tensors.push({ name: key, dtype, shape, begin: start + begin, end: start + end });
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = start;
  for (const tensor of tensors) {
    if (tensor.begin !== position) {
      fail(
        `expected ${tensor.name} to begin at byte ${position}, where the tensor before it ends, got ${tensor.begin}: ranges must neither overlap nor leave a gap`,
      );
    }
    position = tensor.end;
  }
  if (position !== fileBytes) fail(`expected the tensors to end at byte ${fileBytes}, the file's end, got ${position}`);
  return { metadata, tensors };
};

/** The length prefix and the JSON, padded with spaces so that the tensors begin at a multiple of 8. */
export const formatHeader = (tensors: readonly TensorInfo[], metadata: Record<string, string>): Uint8Array => {
  const fields: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length > 0) fields.__metadata__ = metadata;
  let position = 0;
  for (const { name, dtype, shape } of tensors) {
    if (name === "__metadata__" || name in fields) {
      throw fault({
        code: "invalid-argument",
        place: "writeSafetensors",
        problem: `expected distinct tensor names, got ${name} twice or a reserved one`,
        type: RangeError,
      });
    }
    const end = position + elementCount(shape) * elementBytes(dtype);
    fields[name] = { dtype, shape, data_offsets: [position, end] };
    position = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(fields));
  const length = Math.ceil(json.byteLength / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
};

/** A million tensors, with some to spare. Parsed values take many times the memory of their bytes. */
const maximumHeaderValues = 1 << 23;
/** Short headers cannot hold values enough to matter. */
const harmlessHeaderBytes = 4 << 20;

/** Refuses a header of brackets and commas before they are made into objects. */
const checkValues = (json: Uint8Array, fail: (message: string) => never): void => {
  if (json.byteLength <= harmlessHeaderBytes) return;
  let values = 0;
  for (const byte of json) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) values++;
  if (values > maximumHeaderValues) fail(`expected a header of at most ${maximumHeaderValues} values, got ${values}`);
};

const parseObject = (json: Uint8Array, fail: (message: string) => never): Record<string, unknown> => {
  checkValues(json, fail);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (error) {
    return fail(`expected a JSON header at offset 8, got: ${(error as Error).message}`);
  }
  return isRecord(parsed) ? parsed : fail("expected a JSON object at offset 8");
};

const isRecord = (value: unknown): value is Record<string, unknown> => {
  return typeof value === "object" && value !== null && !Array.isArray(value);
};

const isSizes = (value: unknown): value is number[] => {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
};
