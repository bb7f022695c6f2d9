import { readFile } from "node:fs/promises";

/** The name of the file in a model's folder; `auto_map` of its `config.json` leads there. */
export const pythonModelFile = "modeling_crammed_bert.py";

/** The Python code with which `transformers` runs a crammed-bert, given `trust_remote_code=True`. */
export const pythonModel = (): Promise<string> =>
  readFile(new URL(`../../python/${pythonModelFile}`, import.meta.url), "utf8");
