export { type DownloadOptions, type DownloadProgress, downloadGlue } from "./download.ts";
export { readStudyTask, studyTasksIn } from "./read-study-task.ts";
export { glueTasksIn, type ReadOptions, readGlue } from "./read-task.ts";
export { readResults, resultsFolder } from "./results-folder.ts";
