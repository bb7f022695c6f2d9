import { runRecipe } from "@cramkit/recipes";
import { Command } from "commander";
import { trainingCommand } from "./training-command.ts";

export const runCommand = (): Command =>
  trainingCommand(
    new Command("run").description("prepare, pretrain, evaluate and report: a complete recipe"),
    runRecipe,
  );
