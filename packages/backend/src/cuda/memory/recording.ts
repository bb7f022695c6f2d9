import { fault } from "@cramkit/errors";
import { succeed } from "../driver/driver.ts";
import { Stream } from "../driver/stream.ts";
import { type Block, MemoryPool } from "./pool.ts";
import { Staging } from "./staging.ts";

/** Words that kernels read from device memory, so that a replay may have others. */
export interface ReplayedNumbers {
  /** What they are: "adamw" has the floats learning rate, b1, b2, epsilon and the two corrections of the moments, "dropout" two words of a key. */
  readonly name: string;
  /** To be changed in place before a replay. */
  readonly words: Int32Array;
}

export interface RecordOptions {
  /**
   * Arrays that a replay reads anew: tensors that the body makes of one of them, as `tensor1d(ids, "int32")` does, have the values
   * that are in it by then.
   *
   * @defaultValue `[]`
   */
  inputs?: readonly (Int32Array | Float32Array)[];
}

/** A step that was recorded into a graph, which the driver runs as one. */
export interface Recording<T> {
  /** What the body returned. Each replay writes these tensors anew. */
  readonly result: T;
  /** In the order in which the kernels that read them were launched. */
  readonly numbers: readonly ReplayedNumbers[];
  /** Gives the step to the stream, with the numbers as they are now. Recording computes nothing, so the first result is that of a replay too. */
  replay(): void;
  /** Frees the graph and its memory; tensors of the body that still live keep theirs. */
  dispose(): void;
}

/** Of `cuda.h`: calls that are not for the stream are allowed while it is recorded. */
const relaxed = 2;

/** What is being recorded: memory of its own, which no other work may have between replays, and a stream beside it for what is copied once. */
export class Recorder {
  readonly pool: MemoryPool;
  readonly numbers: ReplayedNumbers[] = [];
  /** Words that are looked at before each replay, and where they lie. */
  readonly words: { readonly pointer: bigint; readonly words: Int32Array }[] = [];
  /** Tensors that the body made, and those of them that it made of values. */
  readonly made = new WeakSet<object>();
  readonly born = new WeakSet<object>();
  /** Forms that the graph makes of tensors from before, which forget them when the recording ends. */
  readonly adopted: { block: Block; forget: () => void }[] = [];
  /** Blocks that are written once, now: they must not be used again by what is recorded after them. */
  readonly #constants = new Set<Block>();
  /** Blocks from before that were given back meanwhile: the graph may use them. */
  readonly #kept: Block[] = [];
  readonly #beside: Stream;
  readonly #staging: Staging;

  constructor(
    private readonly stream: Stream,
    private readonly inputs: readonly ArrayBufferView[] = [],
  ) {
    this.pool = new MemoryPool(stream, Number.POSITIVE_INFINITY);
    this.#beside = new Stream(stream.driver, stream.card);
    this.#staging = new Staging(this.#beside);
  }

  begin(): void {
    const { calls } = this.stream.driver;
    const code = calls.cuStreamBeginCapture_v2(this.stream.handle, relaxed);
    this.stream.check(code, "cuStreamBeginCapture_v2", "recording a step");
  }

  /** Ends it: the graph, ready to be launched. */
  end(): bigint {
    const { driver } = this.stream;
    try {
      const graph = ended(this.stream);
      try {
        const into = new BigInt64Array(1);
        const code = driver.calls.cuGraphInstantiate_v2(into, graph, null, null, 0);
        succeed(driver, code, "cuGraphInstantiate_v2", "preparing a recorded step");
        return into[0]!;
      } finally {
        driver.calls.cuGraphDestroy(graph);
      }
    } finally {
      for (const { forget } of this.adopted) forget();
      this.#staging.dispose();
      this.#beside.dispose();
    }
  }

  /** Values that the graph reads, and that no replay writes. */
  upload(block: Block, view: ArrayBufferView): void {
    if (block.pool === this.pool) this.#constants.add(block);
    this.#staging.upload(block.pointer, view);
    this.#beside.finish("copying to the device");
  }

  give(block: Block): void {
    if (block.pool !== this.pool) this.#kept.push(block);
    else if (!this.#constants.has(block)) this.pool.give(block);
  }

  replayed(name: string, words: Int32Array): bigint {
    const own = Int32Array.from(words);
    this.numbers.push({ name, words: own });
    return this.#reread(own).pointer;
  }

  /** The block of a tensor that is made of an input; undefined if its values are those of none. */
  input(values: unknown): Block | undefined {
    const found = this.inputs.find((input) => input === values);
    return found && this.#reread(new Int32Array(found.buffer, found.byteOffset, found.byteLength / 4));
  }

  #reread(words: Int32Array): Block {
    const block = this.pool.take(words.byteLength);
    this.upload(block, words);
    this.words.push({ words, pointer: block.pointer });
    return block;
  }

  dispose(): void {
    for (const block of this.#kept) block.pool.give(block);
    for (const block of this.#constants) this.pool.give(block);
    for (const { block } of this.adopted) this.pool.give(block);
    this.pool.retire();
  }
}

/** The graph of what was given to the stream. */
const ended = (stream: Stream): bigint => {
  const into = new BigInt64Array(1);
  const code = stream.driver.calls.cuStreamEndCapture(stream.handle, into);
  stream.check(code, "cuStreamEndCapture", "recording a step");
  return into[0]!;
};

/** Records what `body` gives to the stream; `use` makes a recorder the current one, or none. */
export const recordStep = <T>(
  stream: Stream,
  staging: Staging,
  use: (recorder: Recorder | undefined) => void,
  body: () => T,
  { inputs }: RecordOptions = {},
): Recording<T> => {
  const recorder = new Recorder(stream, inputs);
  const { calls } = stream.driver;
  recorder.begin();
  use(recorder);
  let result: T;
  let graph: bigint | undefined;
  try {
    try {
      result = body();
    } finally {
      use(undefined);
      graph = recorder.end();
    }
  } catch (error) {
    if (graph !== undefined) calls.cuGraphExecDestroy(graph);
    recorder.dispose();
    throw error;
  }
  const { numbers } = recorder;
  const last = recorder.words.map(({ words }) => Int32Array.from(words));
  const replay = () => {
    if (graph === undefined)
      throw new Error("cuda replay: expected a recording, got one that was disposed of; record it anew");
    for (const [i, { words, pointer }] of recorder.words.entries()) {
      if (words.every((word, j) => word === last[i]![j])) continue;
      last[i]!.set(words);
      staging.upload(pointer, words);
    }
    stream.remember("a recorded step");
    stream.check(calls.cuGraphLaunch(graph, stream.handle), "cuGraphLaunch", "replaying a step");
  };
  const dispose = () => {
    if (graph === undefined) return;
    calls.cuStreamSynchronize(stream.handle); // a card that is lost has nothing more to wait for
    calls.cuGraphExecDestroy(graph);
    graph = undefined;
    recorder.dispose();
  };
  return { result, numbers, replay, dispose };
};

export const notWhileRecording = (what: string, remedy: string): Error =>
  fault({ code: "unsupported", place: "cuda", problem: `${what} while a step is recorded`, remedy });
