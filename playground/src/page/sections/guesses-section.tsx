import { useEffect, useState } from "preact/hooks";
import type { Guess } from "../../protocol.ts";
import { maskedSentence } from "../first-sentence.ts";
import { whole } from "../numbers.ts";
import { Step } from "../step.tsx";
import type { Studio } from "../use-studio.ts";

/** A sentence with masks, and what the model makes of it while it learns. */
export const GuessesSection = ({ state, send }: Studio) => {
  const [sentence, setSentence] = useState(maskedSentence);
  const { guesses, guessRecords, phase, run, prepared } = state;
  const hasModel = run !== undefined;
  const hasText = prepared !== undefined;
  // The worker begins with no sentence, and a run compiles for one before its time begins.
  useEffect(() => {
    if (hasText) send({ type: "guess", sentence });
  }, [hasText, hasModel, sentence, send]);
  const shown = guesses?.sentence === sentence ? guesses : undefined;
  return (
    <Step number={6} title="Guesses">
      <label class="field">
        <span>A sentence with [MASK] in it</span>
        <input value={sentence} onInput={(event) => setSentence(event.currentTarget.value)} />
      </label>
      {shown?.problem ? <p>{shown.problem}</p> : null}
      <div class="masks">
        {shown?.masks.map((mask, i) => (
          <GuessTable key={i} caption={`Mask ${i + 1} at step ${whole(shown.step)}`} guesses={mask} />
        ))}
      </div>
      {guessRecords.length > 1 && shown ? (
        <details open>
          <summary>How the best guess changed</summary>
          <ol class="records">
            {guessRecords.map(({ step, tokens }) => (
              <li key={step}>
                <span class="at muted">step {whole(step)}</span> {tokens.join(", ")}
              </li>
            ))}
          </ol>
        </details>
      ) : null}
      {!hasModel ? (
        <p class="muted">Once a model trains, its guesses appear here. Change the sentence while it does.</p>
      ) : null}
      {phase === "finished" ? <p class="muted">The model stays here: try other sentences.</p> : null}
    </Step>
  );
};

const GuessTable = ({ caption, guesses }: { caption: string; guesses: readonly Guess[] }) => (
  <table class="guesses">
    <caption>{caption}</caption>
    <tbody>
      {guesses.map(({ token, probability }, rank) => (
        <tr key={rank}>
          <th scope="row">{token}</th>
          <td class="bar">
            <span style={{ width: `${100 * probability}%` }} />
          </td>
          <td class="figure">{(100 * probability).toFixed(1)} %</td>
        </tr>
      ))}
    </tbody>
  </table>
);
