import type {
  DeviceName,
  Devices,
  Event,
  Guesses,
  Prepared,
  Problem,
  RunView,
  SizeName,
  TextFacts,
} from "../protocol.ts";

/** What is chosen for a run before it begins. */
export interface Choices {
  size?: SizeName;
  minutes?: number;
  device?: DeviceName;
}

/** Of a run that does not train: whatever failed, a guess or a download, a finished run stays finished. */
const restingPhase = ({ fraction }: { readonly fraction: number }): Phase => (fraction >= 1 ? "finished" : "paused");

/** What stands between a text and a model. */
type Phase = "empty" | "preparing" | "ready" | "starting" | "training" | "pausing" | "paused" | "finished";

/** The best guess for the first mask, at a step. */
interface GuessRecord {
  step: number;
  sentence: string;
  tokens: string[];
}

export interface State {
  phase: Phase;
  devices?: Devices;
  device: DeviceName;
  /** The device that somebody asked for, in this visit or an earlier one. */
  wantedDevice?: DeviceName;
  size: SizeName;
  minutes: number;
  /** The text of an earlier visit that no run came of. */
  kept?: TextFacts;
  /** The text that is being prepared, or was. */
  text?: TextFacts;
  tokenizer?: { phase: "count" | "train"; fraction: number };
  prepared?: Prepared;
  /** Milliseconds of a step, by size and device. */
  measured: Partial<Record<`${SizeName} ${DeviceName}`, number>>;
  run?: RunView;
  savedStep?: number;
  guesses?: Guesses;
  guessRecords: GuessRecord[];
  /** What went otherwise than asked for. */
  notices: Problem[];
  failure?: Problem;
  isPacking: boolean;
  /** The run waits for a device that compiles, and its time has not begun. */
  isWarming: boolean;
  /** What the last change is called for people who do not see it. */
  announcement: string;
}

/** What the page itself does to the state. */
export type Action =
  | ({ type: "choose" } & Choices)
  | { type: "preparing"; text: TextFacts }
  | { type: "starting" }
  | { type: "pausing" }
  | { type: "packing" }
  | { type: "dismiss" }
  | { type: "refused"; failure: Problem };

export const firstState: State = {
  ...{ phase: "empty", device: "cpu", size: "small", minutes: 2, measured: {} },
  ...{ guessRecords: [], notices: [], isPacking: false, isWarming: false, announcement: "" },
};

/** The first state, with what was chosen in an earlier visit. */
export const stateWith = ({ device, ...choices }: Choices): State => ({
  ...firstState,
  ...choices,
  ...(device && { wantedDevice: device }),
});

const mostRecords = 12;

/** Keeps a record when the guesses change, the first and the last ones. */
const recorded = (records: readonly GuessRecord[], { sentence, step, masks }: Guesses): GuessRecord[] => {
  if (masks.length === 0) return records.filter((record) => record.sentence === sentence);
  const tokens = masks.map((guesses) => guesses[0]!.token);
  const same = records.filter((record) => record.sentence === sentence);
  if (same.at(-1)?.tokens.join(" ") === tokens.join(" ")) return same;
  const all = [...same, { step, sentence, tokens }];
  return all.length > mostRecords ? [all[0]!, ...all.slice(2)] : all;
};

/** A GPU if there is one, but what was asked for if it can be had. */
const deviceOf = ({ webgpu: { state } }: Devices, wanted: DeviceName | undefined): DeviceName => {
  if (wanted === "cpu" || state === "hardware") return wanted ?? "webgpu";
  return wanted === "webgpu" && state === "software" ? "webgpu" : "cpu";
};

/** The state after an event of the worker or an action of the page. Pure. */
export const reduce = (state: State, event: Event | Action): State => {
  switch (event.type) {
    case "devices":
      // A late answer changes no choice.
      if (state.devices && state.phase !== "empty") return { ...state, devices: event.devices };
      return { ...state, devices: event.devices, device: deviceOf(event.devices, state.wantedDevice) };
    case "kept":
      return { ...state, kept: event.text, announcement: `The text of an earlier visit is here: ${event.text.name}.` };
    case "choose": {
      const { type: _, ...choice } = event;
      return { ...state, ...choice, ...(choice.device && { wantedDevice: choice.device }) };
    }
    case "preparing": {
      const { failure: _, run: __, prepared: ___, guesses: ____, savedStep: _____, kept: ______, ...rest } = state;
      return { ...rest, phase: "preparing", text: event.text, measured: {}, guessRecords: [], notices: [] };
    }
    case "tokenizer":
      return { ...state, tokenizer: { phase: event.phase, fraction: event.fraction } };
    case "prepared": {
      const { vocabSize, rows } = event.prepared;
      const announcement = `The tokenizer is ready: ${vocabSize} entries. The text fills ${rows} rows.`;
      return { ...state, phase: "ready", prepared: event.prepared, announcement };
    }
    case "measured":
      return { ...state, measured: { ...state.measured, [`${event.size} ${event.device}`]: event.msPerStep } };
    case "stored": {
      const { prepared, run } = event;
      const phase = restingPhase(run);
      const { settings } = run;
      const announcement = `A run of an earlier visit is here, at step ${run.step}.`;
      const shown = { text: prepared.text, ...settings, savedStep: run.step, notices: [] };
      return { ...state, phase, prepared, run, ...shown, announcement };
    }
    case "starting": {
      const { failure: _, ...rest } = state;
      return { ...rest, phase: "starting" };
    }
    case "running":
      return {
        ...state,
        phase: "training",
        run: event.run,
        device: event.run.settings.device,
        isWarming: true,
        announcement: "Preparing the device.",
      };
    case "begun":
      return { ...state, isWarming: false, announcement: "Training." };
    case "progress": {
      const { training, heldOut } = event;
      return { ...state, run: { ...event.run, training, heldOut } };
    }
    case "pausing":
      return { ...state, phase: "pausing" };
    case "paused": {
      const loss = state.run?.heldOut.at(-1)?.loss.toFixed(2);
      const isFinished = event.reason === "finished";
      const announcement = `${isFinished ? "Training is finished" : "Paused"}, held-out loss ${loss}.`;
      return { ...state, phase: isFinished ? "finished" : "paused", announcement };
    }
    case "saved":
      return { ...state, savedStep: event.step };
    case "guesses":
      return { ...state, guesses: event.guesses, guessRecords: recorded(state.guessRecords, event.guesses) };
    case "packing":
      return { ...state, isPacking: true };
    case "archive":
      return { ...state, isPacking: false, announcement: `${event.name} is ready.` };
    case "forgotten": {
      const { devices, device, wantedDevice, size, minutes } = state;
      return { ...firstState, devices, device, wantedDevice, size, minutes };
    }
    case "notice":
      return { ...state, notices: [...state.notices, event.notice].slice(-3) };
    case "withdrawn":
      return { ...state, notices: state.notices.filter(({ problem }) => problem !== event.notice.problem) };
    case "dismiss":
      return { ...state, notices: [] };
    case "refused":
      return { ...state, failure: event.failure };
    case "failed": {
      const { run, prepared } = state;
      const phase = run ? restingPhase(run) : prepared ? "ready" : "empty";
      return { ...state, phase, failure: event.failure, isPacking: false };
    }
  }
};
