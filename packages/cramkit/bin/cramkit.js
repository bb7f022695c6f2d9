#!/usr/bin/env node
// A file of its own, so that installing can link it before anything is built.
import "../dist/cli.js";
