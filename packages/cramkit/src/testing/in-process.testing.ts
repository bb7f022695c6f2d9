import { vi } from "vitest";
import { runProgram } from "../main.ts";
import { createProgram } from "../program.ts";

/** Runs the command line in this process, which is much faster than one of its own for each; what it printed, and what it said. */
export const runHere = async (...args: string[]): Promise<{ code: number; out: string; error: string }> => {
  const [out, error]: [string[], string[]] = [[], []];
  const print = vi.spyOn(process.stdout, "write").mockImplementation((line) => out.push(String(line)) > 0);
  const say = vi.spyOn(process.stderr, "write").mockImplementation((line) => error.push(String(line)) > 0);
  try {
    const code = await runProgram(createProgram(), args, (line) => error.push(line));
    return { code, out: out.join(""), error: error.join("") };
  } finally {
    print.mockRestore();
    say.mockRestore();
  }
};
