/** The two builds of a WASM module as base64: with plain and with relaxed SIMD. */
export interface WasmSource {
  /** The call layout that they were compiled for. */
  layout: number;
  plain: string;
  relaxed: string;
}
