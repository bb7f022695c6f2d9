import type { StartedBackend, StartThread } from "@cramkit/backend";
import { explain, fault } from "@cramkit/errors";
import { tokenizerFromJson } from "@cramkit/tokenizer";
import {
  type Command,
  type Event,
  type Prepared,
  type Problem,
  type RunSettings,
  sizeNames,
  type TextFacts,
} from "../protocol.ts";
import { archiveOf } from "./archive.ts";
import { emptyCurve } from "./curve.ts";
import { holdStorage, isAlive, lookForDevices, startDevice } from "./device.ts";
import { openKeptText } from "./kept-text.ts";
import { exampleRows, heldOutBatches, unigramLoss } from "./masked-rows.ts";
import { measureStep } from "./measure-step.ts";
import { configOf, seqLength, sizeFacts, tokensPerStep } from "./model-sizes.ts";
import { prepareText, type Rows } from "./prepare-text.ts";
import { openRunFolder, type StoredRun } from "./run-folder.ts";
import { type Controls, guessNow, type LiveRun, runLoop, viewOf } from "./run-loop.ts";
import { openSnapshot, snapshotChunks } from "./snapshot.ts";
import { disposeTraining, freshState, optimizerOf } from "./training.ts";

const otherTab: Problem = {
  problem: "another tab of this page is open or still closing, and the browser keeps one run",
  remedy: "close it, and its run appears here; or train here, and download the model before you leave",
};
const keepsGoing =
  "the run goes on, and the page tries again at every checkpoint; free storage, or download the model before you leave";

/** What the worker holds: a text, at most one started device, at most one run. */
export const createStudio = (post: (event: Event, transfer?: Transferable[]) => void, startThread: StartThread) => {
  const folder = openRunFolder(() => navigator.storage.getDirectory());
  const kept = openKeptText(() => navigator.storage.getDirectory());
  const controls: Controls = { isPausing: false, sentence: "" };
  let text: { rows: Rows; facts: TextFacts } | undefined;
  let backend: StartedBackend | undefined;
  let live: LiveRun | undefined;
  let canStore = false;
  /** The storage took no checkpoint the last time: it is full, or somebody cleared it just then. */
  let isRefused = false;
  /** The last checkpoint, if the browser did not store it. */
  let inMemory: Uint8Array<ArrayBuffer> | undefined;

  const notice = (error: unknown, more: Partial<Problem> = {}) =>
    post({ type: "notice", notice: { ...problemOf(error), ...more } });

  /** A device that is there already is kept: what it compiled for measuring a step serves the run. */
  const start = async (name: RunSettings["device"]): Promise<StartedBackend> => {
    if (backend?.name === name && (await isAlive())) return backend;
    backend?.dispose();
    backend = undefined;
    backend = await startDevice(name, startThread);
    return backend;
  };

  /** Forgets the run on the device, for another one that is about to take its place. */
  const release = () => {
    if (live) disposeTraining(live.state);
    live = undefined;
  };

  const describe = async ({ rows, facts }: NonNullable<typeof text>): Promise<Prepared> => {
    const { tokenizer, training, heldOut } = rows;
    const vocabSize = tokenizer.idLimit;
    return {
      ...{ text: facts, tokenizer: tokenizer.toJSON(), vocabSize, seqLength, tokensPerStep, tokens: training.length },
      rows: training.length / seqLength,
      heldOutRows: heldOut.length / seqLength,
      unigramLoss: unigramLoss(training, vocabSize, await heldOutBatches(rows)),
      examples: await exampleRows(rows, 4),
      sizes: sizeNames.map((size) => sizeFacts(size, vocabSize)),
    };
  };

  const save = async () => {
    if (!live) return;
    const { state, history } = live;
    const chunks = () => snapshotChunks(state, history);
    const { step } = state.progress;
    let refusal: unknown;
    if (canStore) {
      try {
        await folder.save(step, chunks);
        if (isRefused) post({ type: "notice", notice: { problem: "the browser stores checkpoints again" } });
        [isRefused, inMemory] = [false, undefined];
        post({ type: "saved", step });
        return;
      } catch (error) {
        refusal = error;
      }
    }
    // Throws if it was the device that failed, and not the storage.
    inMemory = new Uint8Array(await new Blob((await Array.fromAsync(chunks())) as BlobPart[]).arrayBuffer());
    if (refusal !== undefined) refused(refusal);
  };

  /** Says once that the storage refuses what it is given. Every checkpoint tries again. */
  const refused = (error: unknown) => {
    if (!isRefused) notice(error, { remedy: keepsGoing });
    isRefused = true;
  };

  /** Does something with the storage that the run can do without. */
  const store = async (work: () => Promise<void>, onRefusal = refused) => {
    if (canStore) await work().catch(onRefusal);
  };

  /** The run of the folder, or of memory, on a device. */
  const wake = async ({ settings, rows }: Omit<StoredRun, "text">): Promise<LiveRun> => {
    const found = inMemory
      ? { snapshot: await openSnapshot(inMemory, "the last checkpoint"), damaged: [] }
      : await folder.latest();
    if (!found) throw fault({ code: "not-found", problem: "expected a checkpoint, found none", remedy: "start over" });
    for (const problem of found.damaged)
      post({ type: "notice", notice: { problem, remedy: "an older checkpoint was taken in its place" } });
    const { description } = await start(settings.device);
    const { history, load } = found.snapshot;
    const config = configOf(settings.size, rows.tokenizer.idLimit);
    return {
      ...{ settings, config, rows, history, state: load(), device: description, optimizer: optimizerOf(settings) },
      heldOutBatches: await heldOutBatches(rows),
    };
  };

  /** Trains; over a device that fails, on WebAssembly from the last checkpoint. */
  const trainLive = async (run: LiveRun): Promise<void> => {
    controls.isPausing = false;
    live = run;
    post({ type: "running", run: viewOf(run) });
    try {
      const end = await runLoop(run, controls, { post, save });
      post({ type: "paused", reason: end === "finished" ? "finished" : "asked" });
    } catch (error) {
      if (run.settings.device === "cpu") throw error;
      notice(error, { remedy: "the run goes on in WebAssembly, from its last checkpoint" });
      live = undefined;
      const settings: RunSettings = { ...run.settings, device: "cpu" };
      const { facts } = text ?? {};
      if (facts) await store(() => folder.change(settings, facts));
      await trainLive(await wake({ settings, rows: run.rows }));
    }
  };

  /** Offers the text of an earlier visit that no run came of. Prepared at once, one that takes too long would come back at every reload. */
  const offerKept = async (): Promise<void> => {
    const found = await kept.read();
    if (found) post({ type: "kept", text: found.facts });
  };

  /** Shows the run of an earlier visit, if the storage has one, or the text. */
  const showStored = async (): Promise<void> => {
    const stored = await folder.open();
    const latest = stored && (await folder.latest());
    if (!latest) await offerKept();
    if (!stored) return;
    if (!latest) {
      const problem = "no checkpoint of the run of an earlier visit can be read";
      post({ type: "notice", notice: { problem, remedy: "choose a text; a new run takes its place" } });
      return;
    }
    text = { rows: stored.rows, facts: stored.text };
    const { settings } = stored;
    const { progress, history } = latest.snapshot;
    const { step, tokens, elapsedMs, fraction } = progress;
    const run = {
      ...{ settings, step, tokens, elapsedMs, fraction, learningRate: 0, tokensPerSecond: 0, device: "" },
      ...{ training: history.training.points, heldOut: history.heldOut },
    };
    post({ type: "stored", prepared: await describe(text), run });
  };

  /** Takes the storage that another tab has left, unless a run was begun without it. */
  const takeStorage = (): Promise<boolean> =>
    enqueue(async () => {
      if (live || (text && (await folder.open().catch(() => true)))) return false;
      canStore = true;
      post({ type: "withdrawn", notice: otherTab });
      if (!text) await showStored().catch(notice);
      return true;
    });

  const prepare = async (content: string, facts: TextFacts) => {
    release();
    await store(
      () => kept.keep({ text: content, facts }),
      (error) => notice(error, { remedy: "the text is used all the same, but is gone if the page is loaded again" }),
    );
    let reportedAt = 0;
    const onProgress: Parameters<typeof prepareText>[1] = ({ phase, fraction }) => {
      const now = performance.now();
      if (now - reportedAt < 50) return;
      reportedAt = now;
      post({ type: "tokenizer", phase, fraction });
    };
    try {
      text = { rows: await prepareText(content, onProgress), facts };
    } catch (error) {
      await store(kept.forget);
      throw error;
    }
    post({ type: "prepared", prepared: await describe(text) });
  };

  const requireText = () => {
    if (text) return text;
    throw fault({
      code: "invalid-input",
      problem: "expected a text to learn from, got none",
      remedy: "take the sample",
    });
  };

  const commands: {
    [T in Exclude<Command["type"], "pause">]: (command: Extract<Command, { type: T }>) => Promise<void>;
  } = {
    async look() {
      const devices = await lookForDevices((found) => post({ type: "devices", devices: found }));
      canStore = devices.hasStorage;
      post({ type: "devices", devices });
      if (!canStore) return;
      canStore = await holdStorage(takeStorage);
      if (canStore) {
        await showStored();
        return;
      }
      post({ type: "notice", notice: otherTab });
    },
    async prepare({ text: content, facts }) {
      await prepare(content, facts);
    },
    async prepareKept() {
      const found = await kept.read();
      if (found) {
        await prepare(found.text, found.facts);
        return;
      }
      const problem = "the text of an earlier visit cannot be read any more";
      throw fault({ code: "not-found", problem, remedy: "choose a text" });
    },
    async measure({ size, device }) {
      const { rows } = requireText();
      release();
      await start(device);
      const msPerStep = await measureStep(size, rows).catch((error: unknown) => {
        backend?.dispose(); // nobody knows which tensors it has left
        backend = undefined;
        throw error;
      });
      post({ type: "measured", size, device, msPerStep });
    },
    async train({ settings }) {
      const { rows, facts } = requireText();
      release();
      const { description } = await start(settings.device);
      const config = configOf(settings.size, rows.tokenizer.idLimit);
      const optimizer = optimizerOf(settings);
      inMemory = undefined;
      isRefused = false;
      await store(() => folder.begin({ settings, text: facts, rows }));
      live = {
        ...{ settings, config, rows, optimizer, device: description, state: freshState(config, optimizer) },
        ...{ history: { training: emptyCurve(), heldOut: [] }, heldOutBatches: await heldOutBatches(rows) },
      };
      await save();
      if (!isRefused) await store(kept.forget); // the run has it
      await trainLive(live);
    },
    async resume({ minutes }) {
      const { rows, facts } = requireText();
      const stored = live ?? (await folder.open());
      if (!stored)
        throw fault({ code: "not-found", problem: "expected a stored run, found none", remedy: "start one" });
      const settings = { ...stored.settings, ...(minutes !== undefined && { minutes }) };
      if (minutes !== undefined) await store(() => folder.change(settings, facts));
      if (live) live = { ...live, settings };
      await trainLive(live ?? (await wake({ settings, rows })));
    },
    async guess({ sentence }) {
      controls.sentence = sentence;
      if (!live) {
        const stored = canStore ? await folder.open() : undefined;
        if (!stored) return;
        live = await wake(stored);
      }
      post({ type: "guesses", guesses: await guessNow(live, sentence) });
    },
    async archive() {
      if (!live) {
        const stored = canStore ? await folder.open() : undefined;
        if (!stored) throw fault({ code: "not-found", problem: "expected a model, found none", remedy: "train one" });
        live = await wake(stored);
      }
      const { state, config, rows, settings } = live;
      const name = `bert-${settings.size}-step-${state.progress.step}`;
      const { params } = state;
      const bytes = await archiveOf(name, { params, config, tokenizer: tokenizerFromJson(rows.tokenizer.toJSON()) });
      post({ type: "archive", name: `${name}.zip`, bytes }, [bytes.buffer]);
    },
    async forget() {
      backend?.dispose();
      [backend, live, inMemory] = [undefined, undefined, undefined];
      await store(folder.forget);
      await store(kept.forget);
      post({ type: "forgotten" });
    },
  };

  /** Commands in the order that they came in, but those that a run which trains can take at once. */
  let working: Promise<unknown> = Promise.resolve();
  const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
    const done = working.then(work);
    working = done.catch(() => {});
    return done;
  };
  let isTraining = false;
  return (command: Command): void => {
    if (command.type === "pause") {
      controls.isPausing = true;
      return;
    }
    if (command.type === "guess") {
      controls.sentence = command.sentence;
      if (isTraining) return; // the loop takes it up
    }
    void enqueue(async () => {
      isTraining = command.type === "train" || command.type === "resume";
      try {
        await (commands[command.type] as (command: Command) => Promise<void>)(command);
      } catch (error) {
        post({ type: "failed", command: command.type, failure: problemOf(error) });
      } finally {
        isTraining = false;
      }
    });
  };
};

const problemOf = (error: unknown): Problem => {
  const { problem, remedy } = explain(error);
  return { problem, ...(remedy !== undefined && { remedy }) };
};
