export { type DownloadOptions, type DownloadProgress, downloadGlue } from "./download.ts";
export { glueTasksIn, type ReadOptions, readGlue } from "./read-task.ts";
export { readResults, resultsFolder } from "./results-folder.ts";
