#!/usr/bin/env node
import { readConfig } from "./config.ts";
import { main } from "./main.ts";

const config = readConfig();
process.exitCode = await main(config);
