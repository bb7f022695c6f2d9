/// <reference lib="webworker" />
import type { Command, Event, ThreadRequest } from "../protocol.ts";
import { pageThreads } from "./page-threads.ts";
import { createStudio } from "./studio.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope;
const post = (event: Event | ThreadRequest, transfer: Transferable[] = []) => scope.postMessage(event, transfer);
const handle = createStudio(post, pageThreads(post));
scope.addEventListener("message", ({ data }: MessageEvent<Command>) => handle(data));
