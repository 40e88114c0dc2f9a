#!/usr/bin/env node
// Starts main.cjs through V8's code cache, which saves most of the time that compiling it costs. The cache is made at
// the first start, beside the bundle (whoever can write there could change the bundle itself), and V8 checks that it fits.
"use strict";
const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const v8 = require("node:v8");
const vm = require("node:vm");

const file = path.join(__dirname, "main.cjs");
const cacheFolder = path.join(__dirname, "cache");
const cacheFile = path.join(cacheFolder, `${process.platform}-${process.arch}-${v8.cachedDataVersionTag()}.bin`);

const read = (name) => {
  try {
    return fs.readFileSync(name);
  } catch {
    return undefined;
  }
};

const cachedData = read(cacheFile);
const script = new vm.Script(Module.wrap(fs.readFileSync(file, "utf8")), { filename: file, cachedData });

const save = () => {
  const partial = `${cacheFile}.${process.pid}`;
  try {
    fs.mkdirSync(cacheFolder, { recursive: true });
    fs.writeFileSync(partial, script.createCachedData());
    fs.renameSync(partial, cacheFile);
  } catch {
    // A folder that is not ours to write to: the next start compiles again.
  }
};

const main = new Module(file, module);
main.filename = file;
main.paths = Module._nodeModulePaths(__dirname);
script.runInThisContext().call(main.exports, main.exports, Module.createRequire(file), main, file, __dirname);
// Made late, when the functions that a session needs have been compiled; on exit for a session that was short.
if (cachedData === undefined || script.cachedDataRejected) {
  const timer = setTimeout(() => process.off("exit", save) && save(), 5000).unref();
  process.once("exit", save).once("exit", () => clearTimeout(timer));
}
