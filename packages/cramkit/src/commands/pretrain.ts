import { pretrainRecipe } from "@cramkit/recipes";
import { Command } from "commander";
import { tell } from "../terminal/output.ts";
import { trainingCommand } from "./training-command.ts";

export const pretrainCommand = (): Command =>
  trainingCommand(
    new Command("pretrain").description("prepare what is not prepared yet and pretrain, nothing else"),
    pretrainRecipe,
    (folder) => tell(`\`cramkit resume ${folder}\` evaluates it`),
  );
