import { checkOptions, fault, hasCode, problemOf } from "@cramkit/errors";
import { checkBatch, dropoutKey, type ModelConfig, type StepSeed } from "@cramkit/model";
import { clone, dispose, keep, mul, scalar, tidy } from "@tensorflow/tfjs-core";
import { disposeTensors, type NamedTensors } from "../named-tensors.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { StepRecorder, StepRecording } from "../step-recorder.ts";
import { type Differentiate, differentiate, type GradientStep } from "./gradient.ts";

/** Gradients that are recorded where microbatches repeat. */
export interface RecordedGradients {
  readonly differentiate: Differentiate;
  /** Frees the recording. The next microbatch is not recorded, the one after it is. */
  drop(): void;
}

interface RecordedOptions {
  readonly recorder: StepRecorder;
  readonly config: ModelConfig;
  say(message: string): void;
}

/**
 * Whether all microbatches of a shape do the same, but for what they read and for the masks of dropout. Layer drop and deep thinking draw
 * which layers there are, SCRIPT draws words on the host, and nobody knows what parts of the caller's own do.
 */
export const repeatsItself = (
  { layerDrop, recurrence, mixer, feedForward, norm }: ModelConfig,
  { name }: Recipe["training"]["loss"],
): boolean =>
  layerDrop === null &&
  recurrence !== "deep-thinking" &&
  name !== "script" &&
  [mixer, feedForward, norm].flat().every((part) => typeof part !== "function");

/** More places of dropout than any model has. */
const mostPlaces = 100_000;

/**
 * Loss and gradients of microbatches, by a recording once two of a kind came one after the other: with as many rows, tokens and targets, of
 * the same weights in the same place. Everything else is computed kernel by kernel, as what comes between them is: the optimizer,
 * evaluations, the first microbatch after a checkpoint, a rollback or another batch size.
 */
export const recordedGradients = (options: RecordedOptions): RecordedGradients => {
  checkOptions("recordedGradients", options, { recorder: true, config: true, say: true });
  const { recorder, config, say } = options;
  let [isOff, isRecording] = [false, false];
  let last: Kind | undefined;
  let held: Held | undefined;

  const drop = () => {
    const dropped = held;
    held = undefined;
    if (!dropped) return;
    dropped.dispose();
    recorder.whenFull = undefined;
  };
  const giveUp = (reason: string) => {
    isOff = true;
    say(`steps are not recorded from here on: ${reason}`);
  };
  const recorded = (step: GradientStep, kind: Kind): Held | undefined => {
    isRecording = true;
    try {
      return record(step, kind, recorder);
    } catch (error) {
      // What the driver cannot record, and what has no room for a recording, can still be computed.
      if (!hasCode(error, "unsupported") && !hasCode(error, "out-of-memory")) throw error;
      giveUp(problemOf(error));
      return undefined;
    } finally {
      isRecording = false;
    }
  };

  return {
    drop,
    differentiate(step) {
      if (isOff || isRecording) return differentiate(step);
      const kind = kindOf(step);
      if (held && !(isSame(held.kind, kind) && held.fits(step.params))) drop();
      if (held?.isTaken()) {
        drop();
        giveUp("the optimizer keeps gradients");
      }
      if (!held && !isOff && last && isSame(last, kind)) held = recorded(step, kind);
      last = kind;
      if (!held) return differentiate(step);
      recorder.whenFull = drop;
      checkBatch("recordedGradients", step.batch, config);
      return held.replay(step);
    },
  };
};

/** What two microbatches have in common if one can be computed as the other was. */
interface Kind {
  readonly shape: string;
  readonly weights: readonly object[];
}

const kindOf = ({ params, batch, scale, dropout, causal }: GradientStep): Kind => ({
  shape: [batch.batchSize, batch.seqLength, batch.positions.length, !!scale, dropout?.seed, !!causal].join(),
  weights: Object.values(params).map(({ dataId }) => dataId),
});

const isSame = (a: Kind, b: Kind): boolean =>
  a.shape === b.shape &&
  a.weights.length === b.weights.length &&
  a.weights.every((dataId, i) => dataId === b.weights[i]);

interface Held {
  readonly kind: Kind;
  /** Whether the weights' halves are where the recording reads them. */
  fits(params: NamedTensors): boolean;
  /** Whether somebody keeps gradients of the last replay, which the next one would overwrite. */
  isTaken(): boolean;
  replay(step: GradientStep): ReturnType<Differentiate>;
  dispose(): void;
}

const record = (step: GradientStep, kind: Kind, recorder: StepRecorder): Held => {
  const { inputIds, positions, targets } = step.batch;
  const arrays = [inputIds, positions, targets].map((values) => Int32Array.from(values)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const batch = { ...step.batch, inputIds: arrays[0], positions: arrays[1], targets: arrays[2] };
  const scale = step.scale && keep(scalar(0));
  if (scale) recorder.pointer(scale);
  let recording: StepRecording<ReturnType<Differentiate>>;
  try {
    recording = recorder.record(
      () => {
        const result = differentiate({ ...step, batch, scale });
        const tensors = [result.value, ...Object.values(result.grads)];
        try {
          for (const tensor of tensors) recorder.pointer(keep(tensor));
        } catch (error) {
          dispose(tensors);
          throw error;
        }
        return result;
      },
      { inputs: arrays },
    );
  } catch (error) {
    scale?.dispose();
    throw error;
  }
  const { value, grads } = recording.result;
  const end = () => {
    recording.dispose();
    value.dispose();
    disposeTensors(grads);
    scale?.dispose();
  };
  const dataIds = Object.values(grads).map(({ dataId }) => dataId);
  const own = dataIds.map((dataId) => recorder.refCount(dataId));
  const halves = (params: NamedTensors) => Object.values(params).map((param) => recorder.keptHalf(param));
  const before = halves(step.params);
  const setKeys = keysOf(recording.numbers, step.dropout, end);
  return {
    kind,
    fits: (params) => halves(params).every((half, i) => half === before[i]),
    isTaken: () => dataIds.some((dataId, i) => recorder.refCount(dataId) !== own[i]),
    replay(next) {
      for (const [i, name] of (["inputIds", "positions", "targets"] as const).entries())
        arrays[i]!.set(next.batch[name]);
      if (scale) recorder.overwrite(scale, next.scale!);
      setKeys(next.dropout);
      recording.replay();
      for (const tensor of Object.values(grads)) recorder.written(tensor);
      // Gradients are consumed before the next replay; the loss may be read after it.
      return {
        value: tidy(() => mul(value, 1)) as typeof value,
        grads: Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, clone(grad)])),
      };
    },
    dispose: end,
  };
};

/** Finds the places of the model to which the keys in a recording belong; returns what puts in those of another step. */
const keysOf = (
  numbers: StepRecording<unknown>["numbers"],
  seed: StepSeed | undefined,
  onUnknown: () => void,
): ((seed: StepSeed | undefined) => void) => {
  const wanted = new Set(numbers.map(({ words }) => words.join()));
  const places = new Map<string, number>();
  for (let place = 0; seed && places.size < wanted.size && place < mostPlaces; place++) {
    const words = Int32Array.from(dropoutKey(seed, place)).join();
    if (wanted.has(words)) places.set(words, place);
  }
  const found = numbers.map(({ words }) => places.get(words.join()));
  if (found.includes(undefined)) {
    onUnknown();
    throw fault({
      code: "unsupported",
      place: "recordedGradients",
      problem: "expected the keys of dropout as the model draws them, got others",
    });
  }
  return (next) => {
    for (const [i, { words }] of numbers.entries()) words.set(Int32Array.from(dropoutKey(next!, found[i]!)));
  };
};
