import type { TaskData } from "../tasks/task.ts";

/** SHA-256 over the task, its training and its evaluation examples, in hexadecimal. */
export const digestOf = async ({ task, train, evaluations }: TaskData): Promise<string> => {
  const lines = [JSON.stringify(task)];
  for (const { name, examples } of [{ name: "train", examples: train }, ...evaluations]) {
    lines.push(`\n${name}\n`);
    for (const { text, pair, label } of examples) lines.push(`${JSON.stringify([text, pair, label])}\n`);
  }
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(lines.join("")));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
};
