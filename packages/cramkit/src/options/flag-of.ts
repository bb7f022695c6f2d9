import type { Command } from "commander";

/** Options in code that have another name on the command line. */
const otherNames: Readonly<Record<string, string>> = { pair: "text-pair", negative: "text-negative" };

/** Options in code that are settings of a recipe. */
const settings: Readonly<Record<string, string>> = {
  maxBadShare: "corpus.maxBadShare=SHARE",
  onBrokenFile: "corpus.onBrokenFile=skip",
};

/** What an option in code is called on the command line of the command that runs; undefined if it takes none like it. */
export const flagOf = (program: Command, args: readonly string[], option: string): string | undefined => {
  let command = program;
  for (const arg of args) {
    const next = command.commands.find((one) => one.name() === arg);
    if (!next) break;
    command = next;
  }
  const setting = settings[option];
  if (setting !== undefined) {
    const set = command.options.find(({ long }) => long === "--set");
    return set && `${set.long} ${setting}`;
  }
  const flag = `--${otherNames[option] ?? option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return command.options.some(({ long }) => long === flag) ? flag : undefined;
};
