export { checkpointsFolder } from "./checkpoints-folder.ts";
export { readConll } from "./read-conll.ts";
export { readEntries } from "./read-entries.ts";
export { type ReadExamplesOptions, readExamples } from "./read-examples.ts";
