/** What a struct may hold at most: more comes from damage, or from somebody who wants the memory to run out. */
const maxElements = 1 << 20;
const maxDepth = 32;

/** Thrown if a struct goes on after the bytes at hand. */
export class ThriftCut extends Error {}

/**
 * Where a struct in Thrift's compact protocol ends, that begins at `start`. Walks over it without keeping anything, so
 * that sizes which the bytes only claim are refused before a parser makes room for them.
 */
export const thriftEnd = (bytes: Uint8Array, start: number): number => {
  let at = start;
  let elements = 0;
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw new ThriftCut("a Thrift struct goes on after the data");
    return value;
  };
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const next = byte();
      value += (next & 127) * 2 ** shift;
      if (next < 128) return value;
    }
    throw new Error("a Thrift number of more than ten bytes");
  };
  const count = (more: number) => {
    elements += more;
    if (elements > maxElements) throw new Error(`more than ${maxElements} elements in Thrift lists`);
  };
  const element = (type: number, depth: number): void => {
    if (depth > maxDepth) throw new Error(`more than ${maxDepth} Thrift structs inside one another`);
    if (type === 3) byte();
    else if (type >= 4 && type <= 6) varint();
    else if (type === 7) skip(8);
    else if (type === 8) skip(varint());
    else if (type === 9) {
      const head = byte();
      const size = head >> 4 === 15 ? varint() : head >> 4;
      count(size);
      for (let index = 0; index < size; index++) {
        if ((head & 15) <= 2) byte();
        else element(head & 15, depth + 1);
      }
    } else if (type === 12) struct(depth + 1);
    else if (type !== 1 && type !== 2) throw new Error(`a Thrift value of the unknown type ${type}`);
  };
  const skip = (size: number) => {
    at += size;
    if (at > bytes.length) throw new ThriftCut("a Thrift value goes on after the data");
  };
  const struct = (depth: number): void => {
    for (let head = byte(); head !== 0; head = byte()) {
      if ((head & 15) === 0) throw new Error("a Thrift field of no type");
      if (head >> 4 === 0) varint();
      count(1);
      element(head & 15, depth);
    }
  };
  struct(0);
  return at;
};
