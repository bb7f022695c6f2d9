import { fault } from "@cramkit/errors";
import { readSetting } from "../recipe/settings.ts";
import { parseSweep, type Sweep } from "./sweep.ts";

const prefix = "glue.";

/** Whether a `key=value` setting is one of a sweep's finetuning, as `glue.learningRate=4e-4`, and not of its recipe. */
export const isGlueSetting = (setting: string): boolean => setting.startsWith(prefix);

/**
 * A sweep that finetunes with other settings, such as `glue.data=FOLDER` or `glue.tasks=["sst2"]`. Values are JSON if they parse as
 * such, else text.
 *
 * @throws a fault `invalid-input` naming the settings that are off
 */
export const setGlue = (sweep: Sweep, settings: readonly string[]): Sweep => {
  if (settings.length === 0) return sweep;
  const fields = settings.map((setting) => {
    const { path, value } = readSetting(setting);
    return [path.slice(prefix.length), value];
  });
  const glue = { ...sweep.glue, ...Object.fromEntries(fields) };
  if (glue.data === undefined)
    throw fault({
      code: "invalid-input",
      place: `--set ${settings[0]}`,
      problem: "nothing is finetuned without GLUE's data",
      remedy: "set glue.data=FOLDER, too, which `cramkit glue download` makes",
      type: RangeError,
    });
  return parseSweep({ ...sweep, glue }, "--set");
};
