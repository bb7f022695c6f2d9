/** The wire format of protocol buffers: a message is a list of fields, a field its number, its wire type and its value. */

/** A piece of a message: bytes, or bytes that are fetched when they are written. */
export type Piece = Uint8Array | { byteLength: number; bytes: () => Promise<Uint8Array> };

const lengthDelimited = 2;

/** A field with an integer value. */
export const integerField = (field: number, value: number | bigint): Piece[] => {
  return [Uint8Array.from([...varint(field * 8), ...varint(value)])];
};

/** A field with a float32 value. */
export const floatField = (field: number, value: number): Piece[] => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [Uint8Array.from([...varint(field * 8 + 5), ...bytes])];
};

export const textField = (field: number, text: string): Piece[] => {
  return messageField(field, [new TextEncoder().encode(text)]);
};

/** A field that holds a message, or bytes: anything that has a length. */
export const messageField = (field: number, pieces: readonly Piece[]): Piece[] => {
  const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  return [Uint8Array.from([...varint(field * 8 + lengthDelimited), ...varint(length)]), ...pieces];
};

/** Seven bits a byte, the lowest first; a negative number takes ten bytes. */
const varint = (value: number | bigint): number[] => {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
};
