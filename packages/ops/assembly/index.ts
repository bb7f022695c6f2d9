export { geluGradTask, geluTask, gluGradTask, gluTask } from "./activation";
export { attentionGradTask, attentionTask } from "./attention";
export { crossEntropyTask } from "./cross-entropy";
export { dropoutTask } from "./dropout";
export { layerNormTask, normGradTask, residualNormTask, rmsNormTask } from "./norm";
export { accumulateTask, adamwTask, squareSumTask } from "./optimizer";
export { rotaryTask } from "./rotary";
export { columnSumsTask, gatherTask, scatterTask } from "./rows";
