#!/usr/bin/env node
// A file of its own, so that installing can link it before anything is built.
import { existsSync } from "node:fs";

const cli = new URL("../dist/cli.js", import.meta.url);
try {
  await import(cli.href);
} catch (error) {
  if (existsSync(cli)) throw error;
  console.error(
    "cramkit: expected built packages, got sources alone; run `node scripts/setup.mjs --build` in the checkout",
  );
  process.exitCode = 1;
}
