import { LossChart } from "../chart/loss-chart.tsx";
import { duration, loss, short, whole } from "../numbers.ts";
import type { State } from "../state.ts";
import { Step } from "../step.tsx";
import type { Studio } from "../use-studio.ts";

/** The run as it goes: curve, figures, pause and resume. */
export const TrainingSection = (studio: Studio) => {
  const { run, prepared, phase, isWarming } = studio.state;
  return (
    <Step number={5} title="Training">
      {run && prepared ? (
        <>
          <LossChart training={run.training} heldOut={run.heldOut} unigram={prepared.unigramLoss} />
          <Figures state={studio.state} />
          {isWarming && (phase === "training" || phase === "pausing") ? (
            <p>Preparing the device for its first step. The minutes begin after it.</p>
          ) : null}
          <RunButtons {...studio} />
        </>
      ) : (
        <p class="muted">
          The loss is how surprised the model is by what stood behind a mask, in nats. A model that knows nothing but
          how often each token occurs is the line to fall below.
        </p>
      )}
    </Step>
  );
};

const Figures = ({ state: { run, prepared, savedStep, phase } }: { state: State }) => {
  if (!run || !prepared) return null;
  const left = run.settings.minutes * 60_000 - run.elapsedMs;
  const figures: [string, string][] = [
    ["held-out loss", loss(run.heldOut.at(-1)?.loss)],
    ["unigram model", loss(prepared.unigramLoss)],
    ["training loss", loss(run.training.at(-1)?.loss)],
    ["step", whole(run.step)],
    ["tokens", short(run.tokens)],
    ["tokens/s", phase === "training" ? short(run.tokensPerSecond) : "–"],
    ["learning rate", run.learningRate.toPrecision(2)],
    ["time left", duration(left)],
  ];
  return (
    <>
      <dl class="figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="figure">{value}</dd>
          </div>
        ))}
      </dl>
      <p class="muted">
        {run.device ? `On ${run.device}. ` : ""}
        {savedStep === undefined ? "No checkpoint yet." : `Checkpoint of step ${whole(savedStep)} in this browser.`}
      </p>
    </>
  );
};

const RunButtons = ({ state, send, act }: Studio) => {
  const { phase, run, isPacking } = state;
  const isResting = phase === "paused" || phase === "finished";
  const resume = (minutes?: number) => {
    act({ type: "starting" });
    send({ type: "resume", ...(minutes !== undefined && { minutes }) });
  };
  return (
    <div class="buttons">
      {phase === "training" || phase === "pausing" ? (
        <button
          type="button"
          class="primary"
          disabled={phase === "pausing"}
          onClick={() => {
            act({ type: "pausing" });
            send({ type: "pause" });
          }}
        >
          {phase === "pausing" ? "Pausing" : "Pause"}
        </button>
      ) : null}
      {phase === "starting" ? <span class="muted">Starting the device</span> : null}
      {phase === "paused" ? (
        <button type="button" class="primary" onClick={() => resume()}>
          Continue
        </button>
      ) : null}
      {phase === "finished" && run ? (
        <button type="button" onClick={() => resume(2 * run.settings.minutes)}>
          Train {duration(run.settings.minutes * 60_000)} more
        </button>
      ) : null}
      {isResting ? (
        <>
          <button
            type="button"
            class={phase === "finished" ? "primary" : ""}
            disabled={isPacking}
            onClick={() => {
              act({ type: "packing" });
              send({ type: "archive" });
            }}
          >
            {isPacking ? "Packing" : "Download the model"}
          </button>
          <button type="button" onClick={() => send({ type: "forget" })}>
            Start over
          </button>
        </>
      ) : null}
    </div>
  );
};
