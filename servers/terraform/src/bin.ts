#!/usr/bin/env node
import { start } from "./main.ts";
import { lookAround } from "./config.ts";

const code = await start(lookAround(), process);
process.exit(code);
