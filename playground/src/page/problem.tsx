import type { Problem } from "../protocol.ts";

const sentence = (text: string): string => {
  const trimmed = text.trim();
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? "" : "."}`;
};

/** What went wrong, and what to do. */
export const ProblemText = ({ of: { problem, remedy } }: { of: Problem }) => (
  <>
    {sentence(problem)} {remedy ? sentence(remedy) : null}
  </>
);
