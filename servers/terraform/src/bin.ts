#!/usr/bin/env node
import { start } from "./main.ts";
import { readConfig } from "./config.ts";

const code = await start(readConfig, process);
process.exit(code);
