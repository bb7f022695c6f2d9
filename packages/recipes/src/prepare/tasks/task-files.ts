import { join } from "node:path";

/** Where tasks put what they have done of a folder of prepared data; each file appears under its name when it is complete. */
export const taskFiles = (folder: string) => {
  const tasks = join(folder, "work", "tasks");
  return {
    /** Documents of a share of the sources, and what is known of it. */
    read: (name: string) => ({ documents: join(tasks, "read", name), note: join(tasks, "read", `${name}.json`) }),
    readFolder: join(tasks, "read"),
    /** Ranges of the training documents, which the later stages share out. */
    ranges: join(tasks, "ranges.json"),
    words: (range: number) => join(tasks, "words", `${range}`),
    wordsFolder: join(tasks, "words"),
    encoded: (set: string, range: number) => join(tasks, "encoded", `${set}-${range}`),
  };
};
