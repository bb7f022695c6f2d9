import { Command } from "commander";
import { computeCommand } from "./commands/compute.ts";
import { diffCommand } from "./commands/diff.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { embedCommand } from "./commands/embed.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { exportCommand } from "./commands/export.ts";
import { fillMaskCommand } from "./commands/fill-mask.ts";
import { finetuneCommand } from "./commands/finetune.ts";
import { glueCommand } from "./commands/glue.ts";
import { initCommand } from "./commands/init.ts";
import { predictCommand } from "./commands/predict.ts";
import { prepareCommand } from "./commands/prepare.ts";
import { pretrainCommand } from "./commands/pretrain.ts";
import { recipesCommand } from "./commands/recipes.ts";
import { reportCommand } from "./commands/report.ts";
import { resumeCommand } from "./commands/resume.ts";
import { runCommand } from "./commands/run.ts";
import { searchCommand } from "./commands/search.ts";
import { studyCommand } from "./commands/study.ts";
import { sweepCommand } from "./commands/sweep.ts";
import { tokenizerCommand } from "./commands/tokenizer.ts";
import { verifyCommand } from "./commands/verify.ts";
import { watchCommand } from "./commands/watch.ts";
import { ownManifest } from "./own-manifest.ts";
import { print } from "./terminal/output.ts";

/** The command line: one file a command. */
export const createProgram = (): Command => {
  const { version, description } = ownManifest();
  const program = new Command("cramkit").description(description).version(version).showSuggestionAfterError();
  const commands = [
    runCommand(),
    resumeCommand(),
    sweepCommand(),
    studyCommand(),
    initCommand(),
    prepareCommand(),
    pretrainCommand(),
    finetuneCommand(),
    predictCommand(),
    embedCommand(),
    searchCommand(),
    evaluateCommand(),
    glueCommand(),
    reportCommand(),
    watchCommand(),
    diffCommand(),
    computeCommand(),
    recipesCommand(),
    tokenizerCommand(),
    fillMaskCommand(),
    exportCommand(),
    verifyCommand(),
    doctorCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands, ...commands.flatMap(({ commands }) => commands)]) {
    pointToHelp(command);
    // Help and the version are results, too; the caller ends the process.
    command.exitOverride().configureOutput({ writeOut: (text) => print(text.trimEnd()) });
  }
  return program;
};

/** An error of the arguments ends with where to read about them. */
const pointToHelp = (command: Command): void => {
  const names = [];
  for (let at: Command | null = command; at; at = at.parent) names.unshift(at.name());
  command.showHelpAfterError(`(run \`${names.join(" ")} --help\` for usage)`);
};
