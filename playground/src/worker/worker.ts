/// <reference lib="webworker" />
import type { Command, Event } from "../protocol.ts";
import { createStudio } from "./studio.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope;
const handle = createStudio((event: Event, transfer: Transferable[] = []) => scope.postMessage(event, transfer));
scope.addEventListener("message", ({ data }: MessageEvent<Command>) => handle(data));
