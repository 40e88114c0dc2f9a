#!/usr/bin/env node
import { lookAround } from "./config.ts";
import { start } from "./main.ts";

const code = await start(lookAround(), process);
process.exit(code);
