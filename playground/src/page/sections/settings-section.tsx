import type { DeviceName, Devices, SizeFacts } from "../../protocol.ts";
import { duration, short, whole } from "../numbers.ts";
import type { Choices, State } from "../state.ts";
import { Step } from "../step.tsx";
import type { Studio } from "../use-studio.ts";

/** Size, minutes and device of a run, with what they amount to. */
export const SettingsSection = ({ state, send, act }: Studio) => {
  const { prepared, devices, phase, size, device, minutes } = state;
  const isSet = phase !== "ready";
  const choose = (choice: Choices) => {
    act({ type: "choose", ...choice });
    const [nextSize, nextDevice] = [choice.size ?? size, choice.device ?? device];
    if (choice.minutes === undefined && prepared && state.measured[`${nextSize} ${nextDevice}`] === undefined)
      send({ type: "measure", size: nextSize, device: nextDevice });
  };
  const start = () => {
    act({ type: "starting" });
    send({ type: "train", settings: { size, minutes, device } });
  };
  return (
    <Step number={4} title="Size and time">
      {prepared ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            start();
          }}
        >
          <fieldset disabled={isSet} class="sizes">
            <legend>Model</legend>
            {prepared.sizes.map((facts) => (
              <label key={facts.size} class={facts.size === size ? "choice chosen" : "choice"}>
                <input
                  type="radio"
                  name="size"
                  checked={facts.size === size}
                  onChange={() => choose({ size: facts.size })}
                />
                <span class="name">{facts.size}</span>
                <span class="figure">{short(facts.parameters)} parameters</span>
                <span class="muted">
                  {facts.layers} layers of {facts.hidden}
                </span>
                <span class="muted">{speedText(state, facts)}</span>
              </label>
            ))}
          </fieldset>
          <div class="pair">
            <label class="field">
              <span>Minutes</span>
              <input
                type="number"
                min={0.1}
                max={600}
                step="any"
                required
                value={minutes}
                disabled={isSet}
                onInput={(event) => {
                  const value = event.currentTarget.valueAsNumber;
                  if (value > 0) choose({ minutes: value });
                }}
              />
            </label>
            {devices ? (
              <label class="field">
                <span>Device</span>
                <select
                  value={device}
                  disabled={isSet}
                  onChange={(event) => choose({ device: event.currentTarget.value as DeviceName })}
                >
                  <option value="cpu">WebAssembly, {threadText(devices)}</option>
                  <option value="webgpu" disabled={["none", "silent"].includes(devices.webgpu.state)}>
                    WebGPU
                    {devices.webgpu.state === "hardware"
                      ? ""
                      : { none: ": none", silent: ": no answer yet", software: ", in software" }[devices.webgpu.state]}
                  </option>
                </select>
              </label>
            ) : null}
          </div>
          <p class="muted">{planText(state)}</p>
          {phase === "ready" ? (
            <button type="submit" class="primary">
              Train
            </button>
          ) : null}
        </form>
      ) : (
        <p class="muted">Four sizes; minutes are enough for the two smaller ones.</p>
      )}
    </Step>
  );
};

const threadText = ({ threads }: Devices): string => (threads === 1 ? "one thread" : `${threads} threads`);

/** Milliseconds of a step: measured, or by the ratio of operations to one that was. */
const stepTime = (state: State, facts: SizeFacts): { ms: number; isMeasured: boolean } | undefined => {
  const { measured, device, prepared } = state;
  const own = measured[`${facts.size} ${device}`];
  if (own !== undefined) return { ms: own, isMeasured: true };
  for (const other of prepared?.sizes ?? []) {
    const ms = measured[`${other.size} ${device}`];
    if (ms !== undefined) return { ms: (ms * facts.flopsPerToken) / other.flopsPerToken, isMeasured: false };
  }
  return undefined;
};

const speedText = (state: State, facts: SizeFacts): string => {
  const time = stepTime(state, facts);
  if (!time || !state.prepared) return "being measured";
  return `${time.isMeasured ? "" : "about "}${short((1000 * state.prepared.tokensPerStep) / time.ms)} tokens/s`;
};

/** Steps after which the small and the tiny model had learned more of the sample than a unigram model knows. */
const enoughSteps = 160;

const planText = (state: State): string => {
  const { prepared, size, minutes, device, devices } = state;
  const facts = prepared?.sizes.find((one) => one.size === size);
  const time = facts && stepTime(state, facts);
  const isSlow = device === "webgpu" && devices?.webgpu.state === "software";
  if (!prepared || !time)
    return `Measuring a step on this device.${isSlow ? " A software adapter compiles for a minute first." : ""}`;
  const steps = (minutes * 60_000) / time.ms;
  const passes = (steps * prepared.tokensPerStep) / prepared.tokens;
  const onePass = duration((time.ms * prepared.tokens) / prepared.tokensPerStep);
  const seen = passes < 10 ? passes.toFixed(1) : whole(passes);
  const plan = `In ${duration(minutes * 60_000)}: about ${whole(steps)} steps, ${seen} times through the text (${onePass} each).`;
  if (steps >= enoughSteps) return plan;
  const way = size === "tiny" ? "take more minutes" : "take a smaller model, or more minutes";
  return `${plan} The sample takes some ${enoughSteps} to fall below the unigram model: ${way}.`;
};
