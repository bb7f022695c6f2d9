import { type Fault, type FaultCode, fault } from "@cramkit/errors";
import type { CublasLtCall } from "./find-cublaslt.ts";

/** Statuses by the numbers of `cublas_api.h`. */
const statuses: Readonly<Record<number, string>> = {
  1: "NOT_INITIALIZED",
  3: "ALLOC_FAILED",
  7: "INVALID_VALUE",
  8: "ARCH_MISMATCH",
  11: "MAPPING_ERROR",
  13: "EXECUTION_FAILED",
  14: "INTERNAL_ERROR",
  15: "NOT_SUPPORTED",
};
const codes: Readonly<Record<number, FaultCode>> = { 3: "out-of-memory", 13: "device-lost" };
const remedies: Partial<Record<FaultCode, string>> = {
  "out-of-memory": "use a smaller batch or sequence length",
  "device-lost": 'resume from the last checkpoint with products "mma"',
};

/** An error of cuBLASLt as a fault. */
export const cublasLtFault = (status: number, call: CublasLtCall, doing: string): Fault => {
  const code = codes[status] ?? "unsupported";
  const name = statuses[status] ? `CUBLAS_STATUS_${statuses[status]}` : `status ${status}`;
  return fault({
    code,
    place: "cuda",
    problem: `${doing}: cuBLASLt refused (${call}: ${name})`,
    remedy: remedies[code] ?? 'use products "mma", or another version of the library',
    details: { cublas: status },
  });
};
