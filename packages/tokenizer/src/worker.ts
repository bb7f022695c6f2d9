import { parentPort, workerData } from "node:worker_threads";
import type { WorkerReply, WorkerRequest, WorkerTask } from "./threads/messages.ts";
import { tokenizerFromJson } from "./tokenizer-json.ts";
import { wordCounter } from "./training/word-counter.ts";

const task = workerData as WorkerTask;

/** Answers to requests; a worker counts or encodes, whichever it was started for. */
const answerer = (): ((request: WorkerRequest) => unknown) => {
  if ("count" in task) {
    const counter = wordCounter(task.count, task.maxWords);
    return (request) => {
      if ("documents" in request) for (const document of request.documents) counter.add(document);
      return "end" in request ? counter.words() : undefined;
    };
  }
  const tokenizer = tokenizerFromJson(task.encode);
  return (request) => {
    if ("texts" in request) return request.texts.map((text) => tokenizer.encodeIds(text, request.options));
    return "inputs" in request ? tokenizer.encodeBatch(request.inputs, request.options) : undefined;
  };
};

const answer = answerer();

parentPort?.on("message", (request: WorkerRequest) => {
  let reply: WorkerReply;
  try {
    reply = { result: answer(request) };
  } catch (error) {
    reply = { error: error as Error };
  }
  parentPort?.postMessage(reply);
});
