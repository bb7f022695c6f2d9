import type { Command } from "commander";
import { expect, it } from "vitest";
import { createProgram } from "./program.ts";

const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];

it.each(all(createProgram()).map((command) => [command.name(), command] as const))(
  "%s describes itself, its arguments and its options",
  (_, command) => {
    for (const { description } of command.registeredArguments) expect(description).not.toBe("");
    for (const { description, flags } of command.options) expect(description, flags).not.toBe("");
    expect(command.description()).toMatch(/^\S/);
    expect(command.helpInformation()).toContain("Usage: ");
  },
);
