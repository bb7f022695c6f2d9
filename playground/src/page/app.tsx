import { useEffect, useState } from "preact/hooks";
import { ProblemText } from "./problem.tsx";
import { GuessesSection } from "./sections/guesses-section.tsx";
import { RowsSection } from "./sections/rows-section.tsx";
import { SettingsSection } from "./sections/settings-section.tsx";
import { TextSection } from "./sections/text-section.tsx";
import { TokenizerSection } from "./sections/tokenizer-section.tsx";
import { TrainingSection } from "./sections/training-section.tsx";
import { useStudio } from "./use-studio.ts";

/** The page. */
export const App = () => {
  const studio = useStudio();
  const { state, act, send } = studio;
  const { prepared, phase, size, device } = state;
  // A step of the chosen size is measured as soon as there is text.
  useEffect(() => {
    if (prepared && phase === "ready") send({ type: "measure", size, device });
  }, [prepared]);
  return (
    <>
      <header>
        <h1>Train a BERT in this page</h1>
        <p>
          A small language model learns from your text by guessing masked words. All of it happens in this tab, with the
          packages of <a href="https://github.com/cramkit/cramkit">Cramkit</a>; nothing is sent anywhere.
        </p>
        <DeviceLine {...studio} />
      </header>
      <div class="visually-hidden" role="status">
        {state.announcement}
      </div>
      {state.failure ? (
        <p class="message failure" role="alert">
          <ProblemText of={state.failure} />
        </p>
      ) : null}
      {state.notices.length > 0 ? (
        <div class="message" role="status">
          {state.notices.map((notice, i) => (
            <p key={`${i} ${notice.problem}`}>
              <ProblemText of={notice} />
            </p>
          ))}
          <button type="button" onClick={() => act({ type: "dismiss" })}>
            Dismiss
          </button>
        </div>
      ) : null}
      <main>
        <div class="column">
          <TextSection {...studio} />
          <TokenizerSection {...studio} />
          <RowsSection {...studio} />
        </div>
        <div class="column">
          <SettingsSection {...studio} />
          <TrainingSection {...studio} />
        </div>
        <div class="column">
          <GuessesSection {...studio} />
        </div>
      </main>
    </>
  );
};

/** What this device can do, and what it cannot. */
const DeviceLine = ({ state: { devices, phase } }: ReturnType<typeof useStudio>) => {
  const isHidden = useHidden();
  if (!devices) return <p class="muted">Looking at this device.</p>;
  const { webgpu, threads, isIsolated, hasStorage } = devices;
  const limits = [
    webgpu.state === "none" ? `No WebGPU (${webgpu.detail}): training runs in WebAssembly.` : undefined,
    webgpu.state === "software" ? `WebGPU is ${webgpu.detail}: WebAssembly is faster.` : undefined,
    webgpu.state === "silent"
      ? "WebGPU has not answered yet: something else may keep it busy. Training runs in WebAssembly."
      : undefined,
    webgpu.state === "hardware" ? `WebGPU on ${webgpu.detail}.` : undefined,
    isIsolated
      ? `WebAssembly on ${threads === 1 ? "one thread" : `${threads} threads`}.`
      : "WebAssembly on one thread: this host does not isolate the page, and its service worker could not.",
    hasStorage
      ? "Checkpoints stay in this browser."
      : "This browser lends the page no storage: a run is lost when the page closes, unless you download the model.",
    isHidden && phase === "training" ? "The tab is in the background: training goes on, perhaps slower." : undefined,
  ];
  return <p class="muted devices">{limits.filter(Boolean).join(" ")}</p>;
};

const useHidden = (): boolean => {
  const [isHidden, setHidden] = useState(document.hidden);
  useEffect(() => {
    const look = () => setHidden(document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return isHidden;
};
