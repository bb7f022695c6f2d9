/**
 * A text as the numbers of its chunks, in their order. A stretch that has no number is written out: minus its length, and
 * then its UTF-16 units, two in each element.
 */
export type ChunkSequence = Int32Array;

/** The sequence of a text in the making. */
export interface SequenceBuffer {
  elements: Int32Array;
  used: number;
  /** UTF-16 units that were written out. */
  without: number;
}

/** A larger buffer is given back when the next text needs less. */
const keptElements = 1 << 22;

export const sequenceBuffer = (): SequenceBuffer => ({ elements: new Int32Array(1 << 12), used: 0, without: 0 });

/** Makes the buffer ready for another text. */
export const startSequence = (buffer: SequenceBuffer): void => {
  if (buffer.elements.length > keptElements) buffer.elements = new Int32Array(1 << 12);
  buffer.used = 0;
  buffer.without = 0;
};

export const makeRoom = (buffer: SequenceBuffer, more: number): void => {
  const { elements, used } = buffer;
  if (used + more <= elements.length) return;
  buffer.elements = new Int32Array(Math.max(elements.length * 2, used + more));
  buffer.elements.set(elements.subarray(0, used));
};

/** Appends the units `from` to `to` of a text as they are. */
export const writeOut = (buffer: SequenceBuffer, text: string, from: number, to: number): void => {
  makeRoom(buffer, 1 + ((to - from + 1) >> 1));
  buffer.without += to - from;
  const { elements } = buffer;
  let { used } = buffer;
  elements[used++] = from - to;
  for (let i = from; i < to; i += 2)
    elements[used++] = text.charCodeAt(i) | (i + 1 < to ? text.charCodeAt(i + 1) << 16 : 0);
  buffer.used = used;
};

/** The text of a stretch that is written out at `at`, where minus its length stands. */
export const writtenOut = (sequence: ChunkSequence, at: number): string => {
  const length = -sequence[at]!;
  const parts: string[] = [];
  const units = new Uint16Array(Math.min(length, 1 << 12));
  for (let done = 0; done < length; ) {
    const count = Math.min(units.length, length - done);
    for (let i = 0; i < count; i++) {
      const pair = sequence[at + 1 + ((done + i) >> 1)]!;
      units[i] = (done + i) & 1 ? pair >>> 16 : pair & 0xffff;
    }
    parts.push(String.fromCharCode(...units.subarray(0, count)));
    done += count;
  }
  return parts.join("");
};

/** Elements of a stretch that is written out at `at`. */
export const writtenElements = (sequence: ChunkSequence, at: number): number => 1 + ((1 - sequence[at]!) >> 1);
