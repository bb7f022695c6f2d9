export { disposeTensors, entriesOf, type NamedTensors, tensorsOf } from "@cramkit/finetune";
export { readEntries } from "@cramkit/finetune/node";
