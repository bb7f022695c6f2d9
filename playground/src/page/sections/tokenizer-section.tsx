import { type TokenizerJson, tokenizerFromJson } from "@cramkit/tokenizer";
import { useMemo, useState } from "preact/hooks";
import { sentenceToCut } from "../first-sentence.ts";
import { whole } from "../numbers.ts";
import { Step } from "../step.tsx";
import { TokenLine } from "../tokens.tsx";
import type { Studio } from "../use-studio.ts";

/** How the tokenizer was learned, and how it cuts a sentence with any part of its vocabulary. */
export const TokenizerSection = ({ state }: Studio) => {
  const { prepared, phase, tokenizer } = state;
  return (
    <Step number={2} title="Tokenizer">
      {phase === "preparing" ? <Learning tokenizer={tokenizer} /> : null}
      {prepared ? <Cutting key={prepared.text.name} json={prepared.tokenizer} /> : null}
      {phase !== "preparing" && !prepared ? (
        <p class="muted">WordPiece joins the letters of your text, pair by pair, into the pieces that it uses most.</p>
      ) : null}
    </Step>
  );
};

const Learning = ({ tokenizer }: { tokenizer: Studio["state"]["tokenizer"] }) => {
  const isCounting = tokenizer?.phase !== "train";
  return (
    <label class="field">
      <span>{isCounting ? "Counting words" : "Joining pairs"}</span>
      <progress {...(isCounting ? {} : { value: tokenizer.fraction })} max={1} />
    </label>
  );
};

/** The tokenizer's vocabulary in the order in which it was learned. */
const learnedOrder = (json: TokenizerJson): { entries: [string, number][]; firstJoined: number } => {
  const { vocab } = json.model as unknown as { vocab: Record<string, number> };
  const entries = Object.entries(vocab).sort((a, b) => a[1] - b[1]);
  const isJoined = (token: string) => !/^\[[A-Z]+\]$/.test(token) && [...token.replace(/^##/, "")].length > 1;
  const at = entries.findIndex(([token]) => isJoined(token));
  return { entries, firstJoined: at < 0 ? entries.length : at };
};

const Cutting = ({ json }: { json: TokenizerJson }) => {
  const { entries, firstJoined } = useMemo(() => learnedOrder(json), [json]);
  const [sentence, setSentence] = useState(sentenceToCut);
  const [count, setCount] = useState(entries.length);
  const tokenizer = useMemo(() => {
    const vocab = Object.fromEntries(entries.slice(0, count));
    return tokenizerFromJson({ ...json, model: { ...json.model, vocab } } as TokenizerJson);
  }, [json, entries, count]);
  const { tokens } = tokenizer.encode(sentence, { addSpecialTokens: false });
  const newest = entries.slice(Math.max(firstJoined, count - 24), count).map(([token]) => token);
  return (
    <>
      <label class="field">
        <span>Your sentence</span>
        <input value={sentence} onInput={(event) => setSentence(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>
          Vocabulary: the first <b class="figure">{whole(count)}</b> of {whole(entries.length)} entries
        </span>
        <input
          type="range"
          min={firstJoined}
          max={entries.length}
          value={count}
          onInput={(event) => setCount(Number(event.currentTarget.value))}
        />
      </label>
      <TokenLine tokens={tokens} />
      <p class="muted">
        {tokens.length} tokens for {[...sentence].length} characters.{" "}
        {newest.length > 0 ? <>Learned last: {newest.slice(-10).join("  ")}</> : "Letters alone."}
      </p>
    </>
  );
};
