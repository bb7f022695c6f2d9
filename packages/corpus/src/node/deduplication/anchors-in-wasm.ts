import {
  type AnchorScanner,
  type Anchors,
  anchorBytesOf,
  base,
  ringElements,
  scriptScanner,
  secondBase,
} from "./anchors.ts";
import { wasm } from "./anchors-wasm.generated.ts";

/** What `assembly/anchors.ts` exports; addresses and sizes are in bytes. */
interface AnchorKernel {
  readonly memory: WebAssembly.Memory;
  setUp(text: number, ring: number, hashes: number, firsts: number, lasts: number, places: number): void;
  setSizes(window: number, anchor: number, ringElements: number, base: number, secondBase: number): void;
  scan(bytes: number, base: number, secondBase: number): number;
}

/** Windows that go to the kernel at a time. A run that goes on beyond them comes in two parts. */
const pieceWindows = 1 << 17;
const pageBytes = 1 << 16;

/** The scanner in WebAssembly, with the same anchors as in script. */
export const wasmScanner = (windowBytes: number): AnchorScanner => {
  const module = new WebAssembly.Module(Buffer.from(wasm.code, "base64"));
  const kernel = new WebAssembly.Instance(module).exports as unknown as AnchorKernel;
  const pieceBytes = pieceWindows + windowBytes - 1;
  const elements = ringElements(windowBytes);
  const text = 4096;
  const ring = text + 8 * Math.ceil(pieceBytes / 8);
  const hashes = ring + 8 * elements;
  const firsts = hashes + 4 * pieceWindows;
  const lasts = firsts + 4 * pieceWindows;
  const places = lasts + 4 * pieceWindows;
  const missing = places + 4 * pieceWindows - kernel.memory.buffer.byteLength;
  if (missing > 0) kernel.memory.grow(Math.ceil(missing / pageBytes));
  kernel.setUp(text, ring, hashes, firsts, lasts, places);
  kernel.setSizes(windowBytes, anchorBytesOf(windowBytes), elements, base, secondBase);
  const { buffer } = kernel.memory;
  const heap = new Uint8Array(buffer);
  const anchors: Anchors = {
    count: 0,
    hashes: new Uint32Array(buffer, hashes, pieceWindows),
    firsts: new Uint32Array(buffer, firsts, pieceWindows),
    lasts: new Uint32Array(buffer, lasts, pieceWindows),
    places: new Uint32Array(buffer, places, pieceWindows),
  };
  return {
    scan(bytes, visit) {
      const windows = bytes.length - windowBytes + 1;
      for (let from = 0; from < windows; from += pieceWindows) {
        const piece = bytes.subarray(from, from + pieceBytes);
        heap.set(piece, text);
        anchors.count = kernel.scan(piece.length, base, secondBase);
        if (from > 0)
          for (let n = 0; n < anchors.count; n++) {
            anchors.firsts[n]! += from;
            anchors.lasts[n]! += from;
            anchors.places[n]! += from;
          }
        visit(anchors);
      }
    },
  };
};

/** The faster one that this engine has. */
export const createAnchorScanner = (windowBytes: number): AnchorScanner =>
  typeof WebAssembly === "undefined" ? scriptScanner(windowBytes) : wasmScanner(windowBytes);
