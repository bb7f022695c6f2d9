import { fault } from "@cramkit/errors";
import { Command } from "commander";
import { expect, it } from "vitest";
import { runProgram } from "../main.ts";
import { createProgram } from "../program.ts";
import { withBackend } from "./backend-options.ts";

/** A program on a machine whose only adapter is a CPU: what `chooseAdapter` of the backend says of it. */
const onSoftware = () =>
  new Command("program").addCommand(
    withBackend(new Command("compute")).action(({ allowSoftware }) => {
      if (!allowSoftware)
        throw fault({
          code: "unsupported",
          place: "startWebgpu",
          problem: "expected a GPU, got llvmpipe",
          remedy: "pass allowSoftware: true",
          details: { option: "allowSoftware" },
        });
    }),
  );

it("names the option that allows a software adapter as the command line does, and takes it", async () => {
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  expect(await runProgram(onSoftware(), ["compute"], say)).toBe(1);
  const option = /\((--\S+)\)/.exec(said.join())![1]!;
  expect(await runProgram(onSoftware(), ["compute", option], say)).toBe(0);
});

it.each([
  "run",
  "pretrain",
  "resume",
  "sweep",
  "study",
  "glue",
  "finetune",
  "predict",
  "evaluate",
  "fill-mask",
  "verify",
])("%s has it", (name) => {
  const command = createProgram().commands.find((command) => command.name() === name)!;
  expect(command.options.map(({ long }) => long)).toContain("--allow-software");
});
