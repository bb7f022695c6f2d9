import { fault } from "@cramkit/errors";
import { type Native, startNative } from "@cramkit/native";
import type { Communicator, Numbers, Reduction } from "../communicator.ts";
import type { Placement } from "../launcher.ts";
import { findMpi } from "./find-mpi.ts";
import { type Handles, handlesOf } from "./handles.ts";
import { leaveProcessAlone } from "./leave-process-alone.ts";

/** MPI_THREAD_SERIALIZED: calls come from several threads, one at a time. */
const serialized = 2;
/** Elements of one all-reduce: what is in the processor's cache is not read again from memory. */
const pieceLength = 2 ** 20;

export interface MpiOptions {
  /** The library's file. @defaultValue `CRAMKIT_MPI`, else the launcher's family, else any that is found */
  library?: string;
  /** What makes the calls. @defaultValue `startNative()` */
  native?: Native;
}

/** Starts MPI in this process, which a launcher must have started. Loads the library; a process starts it once. */
export const startMpi = (placed: Placement | undefined, options: MpiOptions = {}): Communicator => {
  try {
    return join(placed, options);
  } catch (error) {
    if (placed && endsUnnoticed.has(placed.launcher)) endBySignal();
    throw error;
  }
};

/** Launchers that let the other ranks wait for ever for one that ended before MPI had begun, unless a signal ended it. */
const endsUnnoticed: ReadonlySet<string> = new Set(["MPICH", "MVAPICH"]);

/** An exit with a code that is not zero becomes an end by a signal. */
const endBySignal = () => {
  process.on("uncaughtExceptionMonitor", (error) => console.error(error)); // Node says it after "exit", which is too late
  process.on("exit", (code) => void (code !== 0 && process.kill(process.pid, "SIGKILL")));
};

const join = (placed: Placement | undefined, options: MpiOptions): Communicator => {
  const { native = startNative(), library: path = process.env.CRAMKIT_MPI } = options;
  const { file, handles, calls, threads } = leaveProcessAlone(native, () => initialize(native, placed, path));
  const number = new Int32Array(1);
  const read = (name: string, code: number) => {
    check(name, code);
    return number[0]!;
  };
  const rank = read("MPI_Comm_rank", calls.rank(handles.world, number));
  const size = read("MPI_Comm_size", calls.size(handles.world, number));
  if (placed && size !== placed.size) {
    calls.finalize();
    throw wrongSize(placed, size, file);
  }
  if (threads < serialized)
    throw fault({
      code: "unsupported",
      problem: `startParallel: expected an MPI that is called from several threads in turn, got level ${threads} of ${file}`,
      remedy: "use an MPI built with threads",
    });

  const { world } = handles;
  let queue: Promise<unknown> = Promise.resolve();
  const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  };
  let finalized = false;
  const end = (exitCode: number) => {
    // A process that ends before MPI does looks like success to some launchers, and the others wait for it for ever.
    if (!finalized) calls.abort(world, exitCode === 0 ? 1 : exitCode);
  };
  process.on("exit", end);

  return {
    rank,
    size,
    localRank: placed?.localRank ?? rank,
    localSize: placed?.localSize ?? size,
    description: `rank ${rank} of ${size}, ${handles.family} (${versionOf(calls.version, number)}) at ${file}${placed ? `, started by ${placed.launcher}` : ""}`,
    allReduce: (values, reduction = "sum") =>
      enqueue(async () => {
        for (let at = 0; at < values.length; at += pieceLength) {
          const piece = values.subarray(at, at + pieceLength);
          check(
            "MPI_Allreduce",
            await calls.allReduce.async(
              ...[
                handles.inPlace,
                piece,
                piece.length,
                typeOf(handles, values),
                handles[reduction satisfies Reduction],
                world,
              ],
            ),
          );
        }
      }),
    broadcast: (values, root = 0) =>
      enqueue(async () => {
        for (const piece of bytePieces(values))
          check("MPI_Bcast", await calls.broadcast.async(piece, piece.length, handles.byte, root, world));
      }),
    allGather: (bytes) =>
      enqueue(async () => {
        const all = new Uint8Array(bytes.length * size);
        const target = [all, bytes.length, handles.byte] as const;
        check("MPI_Allgather", await calls.allGather.async(bytes, bytes.length, handles.byte, ...target, world));
        return all;
      }),
    allToAll: (bytes) =>
      enqueue(async () => {
        const part = bytes.length / size;
        if (!Number.isInteger(part))
          throw fault({
            code: "invalid-argument",
            place: "allToAll",
            problem: `expected bytes in ${size} equal parts, got ${bytes.length}`,
            type: RangeError,
          });
        const all = new Uint8Array(bytes.length);
        check("MPI_Alltoall", await calls.allToAll.async(bytes, part, handles.byte, all, part, handles.byte, world));
        return all;
      }),
    barrier: () => enqueue(async () => check("MPI_Barrier", await calls.barrier.async(world))),
    abort: (exitCode = 1) => {
      calls.abort(world, exitCode);
      process.exit(exitCode); // what MPI_Abort has not ended
    },
    dispose: () =>
      enqueue(async () => {
        if (finalized) return;
        check("MPI_Finalize", await calls.finalize.async());
        finalized = true;
        process.off("exit", end);
      }),
  };
};

/** Loads the library, binds what is called of it, and initializes it. */
const initialize = (native: Native, placed: Placement | undefined, path: string | undefined) => {
  const { library, file } = findMpi(native, placed?.launcher, path);
  const handles = handlesOf(library, file);
  const int = (name: string, ...parameters: Parameter[]) => library.func(name, ["i32", ...parameters]);
  const calls = {
    init: int("MPI_Init_thread", "pointer", "pointer", "i32", "pointer"),
    rank: int("MPI_Comm_rank", "i64", "pointer"),
    size: int("MPI_Comm_size", "i64", "pointer"),
    version: int("MPI_Get_library_version", "pointer", "pointer"),
    allReduce: int("MPI_Allreduce", "i64", "pointer", "i32", "i64", "i64", "i64"),
    broadcast: int("MPI_Bcast", "pointer", "i32", "i64", "i32", "i64"),
    allGather: int("MPI_Allgather", "pointer", "i32", "i64", "pointer", "i32", "i64", "i64"),
    allToAll: int("MPI_Alltoall", "pointer", "i32", "i64", "pointer", "i32", "i64", "i64"),
    barrier: int("MPI_Barrier", "i64"),
    abort: int("MPI_Abort", "i64", "i32"),
    finalize: int("MPI_Finalize"),
  };
  const number = new Int32Array(1);
  check("MPI_Init_thread", calls.init(null, null, serialized, number));
  return { file, handles, calls, threads: number[0]! };
};

const wrongSize = (placed: Placement, size: number, file: string): Error =>
  placed.launcher === "torchrun"
    ? fault({
        code: "unsupported",
        problem: `startParallel: expected ranks of an MPI launcher, got ${placed.size} of torchrun, which starts no MPI`,
        remedy: "start the same command with mpirun or srun",
      })
    : fault({
        code: "version-mismatch",
        problem: `startParallel: expected ${placed.size} ranks, as ${placed.launcher} started, got ${size} from ${file}, which is not the launcher's library`,
        remedy: "name the launcher's own library in CRAMKIT_MPI",
      });

type Parameter = "pointer" | "i32" | "i64";

const typeOf = (handles: Handles, values: Numbers): bigint =>
  values instanceof Float32Array ? handles.float : values instanceof Float64Array ? handles.double : handles.int;

/** MPI counts in 32 bits. */
const bytePieces = function* (values: ArrayBufferView): Generator<Uint8Array> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (let at = 0; at < bytes.length; at += 2 ** 30) yield bytes.subarray(at, at + 2 ** 30);
};

const check = (name: string, code: number): void => {
  if (code !== 0)
    throw fault({
      code: "network",
      problem: `${name}: expected success, got error ${code}`,
      remedy: "see what the launcher and the other ranks say",
    });
};

const versionOf = (version: (text: Uint8Array, length: Int32Array) => number, length: Int32Array): string => {
  const text = new Uint8Array(8192);
  if (version(text, length) !== 0) return "version unknown";
  return new TextDecoder()
    .decode(text.subarray(0, length[0]))
    .split(/[\n\0,]/)[0]!
    .trim();
};
