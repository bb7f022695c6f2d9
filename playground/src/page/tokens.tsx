import type { RowToken } from "../protocol.ts";

/** Whether a piece continues the word before it. */
const continues = (token: string) => token.startsWith("##");
const isSpecial = (token: string) => /^\[[A-Z]+\]$/.test(token);

/** Tokens as pieces in a line; those within a word touch. */
export const TokenLine = ({ tokens }: { tokens: readonly string[] }) => (
  <p class="tokens">
    {tokens.map((token, i) => (
      <Piece key={`${i} ${token}`} token={token} />
    ))}
  </p>
);

const Piece = ({ token }: { token: string }) => {
  const inWord = continues(token);
  const kind = isSpecial(token) ? "piece special" : inWord ? "piece inner" : "piece";
  return (
    <>
      {inWord ? null : " "}
      <span class={kind}>{inWord ? token.slice(2) : token}</span>
    </>
  );
};

/** A row as the model gets it: a masked token shows what it was. */
export const MaskedRow = ({ row }: { row: readonly RowToken[] }) => (
  <p class="tokens row">
    {row.map(({ seen, target }, i) => {
      const key = `${i} ${seen}`;
      if (target === undefined) return <Piece key={key} token={seen} />;
      const hidden = seen === "[MASK]" ? "hidden" : seen === target ? "kept" : "swapped";
      const shown = continues(target) ? target.slice(2) : target;
      return (
        <span key={key}>
          {continues(target) ? null : " "}
          <span class={`piece ${hidden}`}>
            {hidden === "swapped" ? <s>{continues(seen) ? seen.slice(2) : seen}</s> : null}
            {shown}
          </span>
        </span>
      );
    })}
  </p>
);
