import type { FaultCode } from "./codes.ts";

interface Meaning {
  readonly code: FaultCode;
  readonly problem: string;
  readonly remedy?: string;
}

const newFolder = "choose a folder that this user may write to";
const unreachable: Meaning = {
  code: "network",
  problem: "the server cannot be reached",
  remedy: "check the address and the network, and try again",
};
const brokenOff: Meaning = { code: "network", problem: "the connection broke off", remedy: "try again" };
const timedOut: Meaning = { code: "network", problem: "the server does not answer", remedy: "try again later" };
const spaceGone = "free some space and run it again; what was finished is kept";
const tooLong: Meaning = { code: "too-large", problem: "more than JavaScript can hold in one piece" };
const noMemory: Meaning = { code: "out-of-memory", problem: "out of memory", remedy: "use a smaller batch or model" };

/** What the system's error numbers and Node's codes mean to a user. */
const bySystemCode: Readonly<Record<string, Meaning>> = {
  ENOSPC: { code: "disk-full", problem: "the disk is full", remedy: spaceGone },
  EDQUOT: { code: "disk-full", problem: "the disk quota is used up", remedy: spaceGone },
  EFBIG: { code: "too-large", problem: "the file would exceed the size limit", remedy: "raise `ulimit -f`" },
  EROFS: { code: "read-only", problem: "the file system is read-only", remedy: newFolder },
  EACCES: { code: "refused", problem: "permission denied", remedy: "change its permissions, or choose another path" },
  EPERM: { code: "refused", problem: "not permitted", remedy: "change its permissions, or choose another path" },
  ENOENT: { code: "not-found", problem: "no such file or folder", remedy: "check the path" },
  EEXIST: { code: "exists", problem: "a file is in the way", remedy: "move it, or choose another path" },
  ENOTEMPTY: { code: "exists", problem: "a folder is in the way", remedy: "move it, or choose another path" },
  ENOTDIR: { code: "exists", problem: "expected a folder, got a file", remedy: "choose another path" },
  EISDIR: { code: "exists", problem: "expected a file, got a folder", remedy: "name a file" },
  ELOOP: { code: "invalid-input", problem: "its symbolic links go round in a circle", remedy: "mend the links" },
  ENAMETOOLONG: { code: "invalid-input", problem: "the name is too long", remedy: "choose a shorter one" },
  EIO: { code: "damaged-file", problem: "the device reports an input/output error", remedy: "check the disk" },
  EMFILE: { code: "unsupported", problem: "too many open files", remedy: "raise `ulimit -n`" },
  ENFILE: { code: "unsupported", problem: "too many open files on this machine", remedy: "close other programs" },
  ENOMEM: noMemory,
  ERR_MEMORY_ALLOCATION_FAILED: noMemory,
  ERR_WORKER_OUT_OF_MEMORY: noMemory,
  ERR_BUFFER_TOO_LARGE: tooLong,
  ERR_STRING_TOO_LONG: tooLong,
  ERR_FS_FILE_TOO_LARGE: tooLong,
  EADDRINUSE: { code: "exists", problem: "the port is taken", remedy: "choose another port" },
  EAI_AGAIN: unreachable,
  ENOTFOUND: unreachable,
  ECONNREFUSED: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ECONNRESET: brokenOff,
  EPIPE: brokenOff,
  UND_ERR_SOCKET: brokenOff,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: brokenOff,
  ETIMEDOUT: timedOut,
  UND_ERR_CONNECT_TIMEOUT: timedOut,
  UND_ERR_HEADERS_TIMEOUT: timedOut,
  UND_ERR_BODY_TIMEOUT: timedOut,
  ABORT_ERR: { code: "cancelled", problem: "cancelled" },
};

/**
 * What engines throw when memory or their own limits end. They give no code, so this is the one place that reads words: the
 * whole message of one class of errors, and a path or a text that happens to hold such words is not taken for one.
 */
const byMessage: readonly (readonly [className: string, wholeMessage: RegExp, meaning: Meaning])[] = [
  ["RangeError", /^Array buffer allocation failed$/, noMemory], // V8
  ["RangeError", /^Invalid typed array length: \d+$/, noMemory], // V8, beyond its largest
  ["RangeError", /^WebAssembly\.Memory(\(\)|\.grow\(\)): .*$/, noMemory], // V8
  ["RangeError", /^(Invalid string length|(Map|Set) maximum size exceeded)$/, tooLong], // V8
  ["RangeError", /^Out of memory$/, noMemory], // JavaScriptCore
  ["InternalError", /^(out of memory|allocation size overflow)$/, noMemory], // SpiderMonkey
  ["Error", /^Invalid TF_Status: 8\nMessage: /, noMemory], // TensorFlow's RESOURCE_EXHAUSTED, from tfjs-node
];

/** What an error of the system or of the engine means; undefined for any other. */
export const foreignMeaning = (error: unknown): Meaning | undefined => {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && Object.hasOwn(bySystemCode, code)) return bySystemCode[code];
  if (error.name === "AbortError") return bySystemCode.ABORT_ERR;
  return byMessage.find(([name, whole]) => error.name === name && whole.test(error.message))?.[2];
};

export const foreignCode = (error: unknown): FaultCode | undefined => foreignMeaning(error)?.code;
