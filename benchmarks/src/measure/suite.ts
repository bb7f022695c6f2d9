import { loadavg } from "node:os";
import type { ProductsName } from "@cramkit/backend/cuda";
import { explain, hasCode, problemOf } from "@cramkit/errors";
import { type Failure, type Measurement, type Result, rateOf, type Unit } from "./record.ts";
import { interleave, spread, type Timed } from "./timing.ts";

export type BackendName = "cpu" | "webgpu" | "cuda" | "tensorflow";
export const backendNames: readonly BackendName[] = ["cpu", "webgpu", "cuda", "tensorflow"];
export const precisions = ["float32", "mixed"] as const;

/** Toggles of Dawn that leave out its checks: of bounds, of workgroup memory before it is written, of calls. */
export const toggleNames = ["disable_robustness", "disable_workgroup_init", "skip_validation"] as const;
type Toggle = (typeof toggleNames)[number];

/** What multiplies on the CUDA backend. */
export const productNames = ["mma", "wgmma", "cublaslt"] as const satisfies readonly ProductsName[];

/** What was asked for on the command line. */
export interface SuiteOptions {
  backend: BackendName;
  precision: (typeof precisions)[number];
  /** As given with `--shape`; each suite that has shapes reads them itself. */
  shapes: readonly string[];
  quick: boolean;
  /** Of the CPU backend. */
  threads?: number;
  /** Switched on in Dawn, beside those that always are. */
  toggles?: readonly Toggle[];
  /** Of the CUDA backend. */
  products?: ProductsName;
  /** Plain text, a document a line, in place of the documentation of the installed packages. */
  text?: string;
  /** A file that `cramkit embed` wrote, in place of synthetic vectors. */
  vectors?: string;
  /** Another one, whose vectors are looked for among those. */
  queries?: string;
  python: string;
}

/** One rival in a case. */
export interface Contestant extends Timed {
  provider: string;
  mode?: string;
  /** Of one call: bytes, floating-point operations, tokens, calls. */
  work: number;
  /** Floating-point operations of one call, if `work` is something else. */
  flops?: number;
  /** Bytes that one call must move at least, if `flops` are given too. */
  bytes?: number;
  /** Distance from the reference; a number above `tolerance` or an exception means no time for this contestant. */
  check?(): number | Promise<number>;
  tolerance?: number;
}

interface CaseSpec {
  case: string;
  shape?: string;
  unit: Unit;
  bound?: "copy" | "matmul";
  /** `host` if no backend is involved. Default: the backend of the run. */
  backend?: string;
  precision?: string;
  contestants: readonly Contestant[];
  /** At most so long a case, roughly. */
  limitMs?: number;
  /** If the run's backend is not what computes. */
  sync?(): Promise<void>;
  memoryBytes?(): number | undefined;
}

export interface SuiteContext {
  readonly options: SuiteOptions;
  /** Set by a suite that starts a backend. */
  sync(): Promise<void>;
  measure(spec: CaseSpec): Promise<void>;
  emit(result: Result): void;
  skip(name: string, provider: string, reason: string): void;
  fail(name: string, provider: string, error: unknown): void;
}

export interface Suite {
  name: string;
  /** One line for `--help`. */
  describes: string;
  /** Whether `--shape` means something to it. */
  hasShapes: boolean;
  run(context: SuiteContext): Promise<void>;
}

/** All that an error says, on one line. */
export const messageOf = (error: unknown): string => {
  const { remedy } = explain(error);
  return `${problemOf(error)}${remedy === undefined ? "" : `; ${remedy}`}`;
};

/** A lost device answers nothing more: the suite ends, the next one starts its own. */
export const isLost = (error: unknown): boolean => hasCode(error, "device-lost");

/** Whether a package could not be imported because it is not installed. */
export const isMissing = (error: unknown): boolean =>
  ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");

/** Runs cases of one suite: each is checked, then timed, then handed to `emit`. */
export const createContext = (
  suite: string,
  options: SuiteOptions,
  emit: (result: Result) => void,
  sync: () => Promise<void> = async () => {},
): SuiteContext => {
  const fail = (name: string, provider: string, error: unknown) =>
    emit({ kind: "failure", suite, case: name, provider, message: messageOf(error) } satisfies Failure);
  return {
    options,
    sync,
    emit,
    fail,
    skip: (name, provider, reason) => emit({ kind: "skipped", suite, case: name, provider, reason }),
    async measure(spec) {
      const right: { contestant: Contestant; error: number | undefined }[] = [];
      for (const contestant of spec.contestants) {
        try {
          right.push({ contestant, error: await checked(contestant) });
        } catch (error) {
          fail(spec.case, contestant.provider, error);
          if (isLost(error)) throw error;
        }
      }
      const load = loadavg()[0]!;
      try {
        const times = await interleave(
          right.map(({ contestant }) => contestant),
          {
            samples: options.quick ? 3 : 15,
            // A device lags behind the host: a sample is long beside the way from the one to the other and back.
            sampleMs: options.quick ? 2 : options.backend === "webgpu" ? 250 : 20,
            warmUpMs: options.quick ? 0 : 200,
            limitMs: options.quick ? 3_000 : (spec.limitMs ?? 20_000),
            // The host's own work is done when its call returns.
            sync: spec.sync ?? (spec.backend === "host" ? async () => {} : sync),
          },
        );
        for (const [i, { ms, clock }] of times.entries()) {
          const { contestant, error } = right[i]!;
          const { mode = "", work } = contestant;
          const backend = spec.backend ?? options.backend;
          const provider = providerOn(backend, contestant.provider, options);
          const time = spread(ms);
          const measurement: Measurement = {
            ...{ kind: "measurement", suite, case: spec.case, mode, provider },
            backend,
            precision: spec.precision ?? (spec.backend === "host" ? "-" : options.precision),
            shape: spec.shape ?? "-",
            unit: spec.unit,
            value: spread(ms.map((one) => rateOf(spec.unit, work, one))),
            ms: time,
            samples: ms.length,
            clock,
            load,
          };
          if (spec.bound) measurement.bound = spec.bound;
          const { flops, bytes } = contestant;
          if (flops) measurement.gigaflops = flops / time.p50 / 1e6;
          if (flops && bytes) measurement.intensity = flops / bytes;
          if (error !== undefined) measurement.error = error;
          const memoryBytes = spec.memoryBytes?.();
          if (memoryBytes !== undefined) measurement.memoryBytes = memoryBytes;
          emit(measurement);
        }
      } catch (error) {
        fail(spec.case, right.map(({ contestant }) => contestant.provider).join(", "), error);
        if (isLost(error)) throw error;
      }
    },
  };
};

/** With other toggles, or other products, it is another rival. */
const providerOn = (backend: string, provider: string, { toggles = [], products }: SuiteOptions): string => {
  const others = backend === "webgpu" ? toggles : backend === "cuda" && products ? [products] : [];
  return [provider, ...others].join(", ");
};

const checked = async ({ check, tolerance = 0, provider }: Contestant): Promise<number | undefined> => {
  const error = await check?.();
  if (error !== undefined && !(error <= tolerance))
    throw new Error(`${provider}: expected an error of at most ${tolerance} against the reference, got ${error}`);
  return error;
};
