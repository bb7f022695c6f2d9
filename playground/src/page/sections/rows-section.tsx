import { whole } from "../numbers.ts";
import { Step } from "../step.tsx";
import { MaskedRow } from "../tokens.tsx";
import type { Studio } from "../use-studio.ts";

/** Rows as the model gets them. */
export const RowsSection = ({ state: { prepared } }: Studio) => (
  <Step number={3} title="Rows and masks">
    {prepared ? (
      <>
        <p>
          {whole(prepared.rows)} rows of {prepared.seqLength} tokens to learn from, {whole(prepared.heldOutRows)} held
          out to test with. A quarter of each row is a task: the model guesses what stood there.
        </p>
        <p class="legend">
          <span class="piece hidden">hidden</span> behind [MASK]{"  "}
          <span class="piece swapped">
            <s>other</s>swapped
          </span>{" "}
          for another{"  "}
          <span class="piece kept">kept</span> as it is
        </p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section class="rows" aria-label="The first rows with their masks" tabIndex={0}>
          {prepared.examples.map((row, i) => (
            <MaskedRow key={`${i} ${row[0]?.seen}`} row={row} />
          ))}
        </section>
      </>
    ) : (
      <p class="muted">The text becomes rows of tokens, all of one length. Some tokens are masked in each.</p>
    )}
  </Step>
);
