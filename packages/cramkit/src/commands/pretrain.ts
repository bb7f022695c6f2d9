import { pretrainRecipe } from "@cramkit/recipes";
import { Command } from "commander";
import { shellWord } from "../terminal/shell-word.ts";
import { trainingCommand } from "./training-command.ts";

export const pretrainCommand = (): Command =>
  trainingCommand(
    new Command("pretrain").description("prepare the data if needed and pretrain, without evaluating"),
    pretrainRecipe,
    (folder) => `next:\n  cramkit resume ${shellWord(folder)}   (evaluates the model)`,
  );
