export { createProgram } from "./program.ts";
export { renderReport } from "./report/report.ts";
