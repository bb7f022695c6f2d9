#!/usr/bin/env node
import { runMain } from "./main.ts";
import { createProgram } from "./program.ts";

await runMain(createProgram());
