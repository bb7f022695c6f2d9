import { useEffect, useState } from "preact/hooks";
import type { TextFacts } from "../../protocol.ts";
import { bytes, whole } from "../numbers.ts";
import { pastedText, readText } from "../read-text.ts";
import { Step } from "../step.tsx";
import type { Studio } from "../use-studio.ts";

/** Where the text comes from: the sample, a file, or the clipboard. */
export const TextSection = ({ state, send, act }: Studio) => {
  const [pasted, setPasted] = useState("");
  const [isOver, setOver] = useState(false);
  const isBusy = !["empty", "ready"].includes(state.phase);
  // What misses the frame would be opened by the browser, in place of the page.
  useEffect(() => {
    const stay = (event: DragEvent) => event.preventDefault();
    for (const type of ["dragover", "drop"] as const) addEventListener(type, stay);
    return () => {
      for (const type of ["dragover", "drop"] as const) removeEventListener(type, stay);
    };
  }, []);
  const prepare = (text: string, facts: TextFacts) => {
    act({ type: "preparing", text: facts });
    send({ type: "prepare", text, facts });
  };
  const takeKept = (facts: TextFacts) => {
    act({ type: "preparing", text: facts });
    send({ type: "prepareKept" });
  };
  const take = async (file: File | undefined) => {
    if (!file) return;
    const read = await readText(file);
    if ("failure" in read) act({ type: "refused", failure: read.failure });
    else prepare(read.text, read.facts);
  };
  const takeSample = async () => {
    try {
      const response = await fetch("./sample.txt");
      if (!response.ok) throw new Error(`status ${response.status}`);
      const text = await response.text();
      prepare(text, { name: "Pride and Prejudice, its beginning", characters: text.length });
    } catch (error) {
      const problem = `The sample could not be fetched (${(error as Error).message})`;
      act({ type: "refused", failure: { problem, remedy: "try again, or open a file of your own" } });
    }
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setOver(false);
    if (isBusy) {
      const problem = "A run is here, and the page keeps one";
      act({ type: "refused", failure: { problem, remedy: "pause it and start over to learn from another text" } });
      return;
    }
    const file = event.dataTransfer?.files[0];
    const text = event.dataTransfer?.getData("text/plain");
    if (file) void take(file);
    else if (text) prepare(...parts(text));
  };
  return (
    <Step number={1} title="Text">
      <p>Take the sample, or a text of your own. It stays on this machine.</p>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the button opens the same files */}
      <div
        class={isOver ? "drop over" : "drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        <div class="buttons">
          <button type="button" class="primary" disabled={isBusy} onClick={takeSample}>
            Take the sample
          </button>
          <label class={isBusy ? "button disabled" : "button"}>
            Open a file
            <input
              type="file"
              accept=".txt,.md,.csv,.json,.jsonl,.html,text/*"
              disabled={isBusy}
              onChange={(event) => {
                void take(event.currentTarget.files?.[0]);
                event.currentTarget.value = "";
              }}
            />
          </label>
          <span class="muted">or drop one here</span>
        </div>
        <label class="field">
          <span>Or paste</span>
          <textarea
            rows={3}
            value={pasted}
            disabled={isBusy}
            placeholder="A few pages or more, in any language"
            onInput={(event) => setPasted(event.currentTarget.value)}
          />
        </label>
        {pasted.trim() ? (
          <button type="button" disabled={isBusy} onClick={() => prepare(...parts(pasted))}>
            Use the pasted text
          </button>
        ) : null}
      </div>
      {state.kept && state.phase === "empty" ? (
        <div class="message">
          <p>The page was closed or loaded again before a run began. The text is still here:</p>
          <TextLine facts={state.kept} />
          <div class="buttons">
            <button type="button" onClick={() => takeKept(state.kept!)}>
              Take it again
            </button>
            <button type="button" onClick={() => send({ type: "forget" })}>
              Forget it
            </button>
          </div>
        </div>
      ) : null}
      {state.text ? <TextLine facts={state.text} /> : null}
    </Step>
  );
};

const parts = (text: string): [string, TextFacts] => {
  const kept = pastedText(text);
  return [kept.text, kept.facts];
};

const TextLine = ({ facts: { name, characters, wholeBytes } }: { facts: TextFacts }) => (
  <p>
    <strong>{name}</strong>: {whole(characters)} characters
    {wholeBytes === undefined ? "." : `, the beginning of ${bytes(wholeBytes)}. The rest is not read.`}
  </p>
);
