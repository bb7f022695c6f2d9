export { type FindLibraryOptions, type FoundLibrary, findLibrary, type LibraryCandidates } from "./find-library.ts";
export { type LibraryHeader, readLibraryHeader } from "./library-header.ts";
export { type Native, type NativeOptions, startNative } from "./native.ts";
export { type Attempt, isNativeFault, type NativeFault, type NativeReason, nativeFault } from "./native-fault.ts";
export type { NativeFunction } from "./native-function.ts";
export type { NativeLibrary, OpenOptions } from "./native-library.ts";
export type { NativeMemory } from "./native-memory.ts";
export type { NativeArgument, NativeResult, NativeType, Signature } from "./native-type.ts";
