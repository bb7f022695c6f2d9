/** What a program can tell apart, and what each code means. A code says what happened, never which package noticed. */
export const faultCodes = {
  cancelled: "a signal or an interrupt ended the work",
  "damaged-file": "a file is not what was written: cut off, changed, or of another format",
  "device-lost": "the device is gone, with all that was on it",
  "disk-full": "no space, or no quota, is left to write to",
  exists: "something else is there already, or a file in place of a folder",
  "invalid-argument": "a caller passed a value that the function does not take",
  "invalid-input": "data or settings of the user cannot be used as they are",
  locked: "another process is at work here",
  network: "a server could not be reached, broke off, or answered with an error",
  "not-finite": "NaN or infinity in place of finite numbers",
  "not-found": "a file, a folder, or an address does not exist",
  "out-of-memory": "the device or the process has too little memory; a smaller batch may fit",
  "read-only": "the file system, or this user's rights, do not allow writing",
  refused: "not allowed: by a server, by rights to read, or because it would be unsafe",
  "too-large": "more than a limit that no machine would lift",
  unsupported: "this machine, or this version, cannot do that",
  "version-mismatch": "written by, or made for, another version",
  "worker-lost": "a thread or a process ended in the middle of its task",
} as const;

/** One of the keys of `faultCodes`. */
export type FaultCode = keyof typeof faultCodes;
