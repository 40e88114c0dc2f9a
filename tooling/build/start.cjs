#!/usr/bin/env node
// Starts main.cjs, and loads its chunks, through V8's code cache, which saves most of the time that compiling them costs.
// A cache is made at the first start, beside the bundle (whoever can write there could change the bundle itself).
"use strict";
const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const vm = require("node:vm");

// Of each bundle, filled in by the build: V8 itself compares its version, its flags and the length of the source.
const DIGESTS = {};
const cacheFolder = path.join(__dirname, "cache");
// A cache holds the functions that the start which made it has called: what a client waits for is not to be made by `--version`.
const use = /^([^-]|--?(V|h|version|help)$)/.test(process.argv[2] ?? "") ? "command" : "server";
const loaded = new Map();

const read = (name) => {
  try {
    return fs.readFileSync(name);
  } catch {
    return undefined;
  }
};

// What a server has set of V8's flags since it started (mcp-kit, bounded-heap.ts) would have V8 reject a cache that another start made.
const asStarted = (work) => {
  const flags = globalThis[Symbol.for("platform-ops.heap-flags")];
  flags?.unset();
  try {
    return work();
  } finally {
    flags?.set();
  }
};

const save = (script, cacheFile) => {
  const partial = `${cacheFile}.${process.pid}`;
  try {
    fs.mkdirSync(cacheFolder, { recursive: true });
    fs.writeFileSync(
      partial,
      asStarted(() => script.createCachedData()),
    );
    fs.renameSync(partial, cacheFile);
  } catch {
    // A folder that is not ours to write to: the next start compiles again.
  }
};

const load = (name) => {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const file = path.join(__dirname, name);
  const cacheFile = path.join(
    cacheFolder,
    `${path.parse(name).name}-${use}-${DIGESTS[name] ?? "0"}-${process.platform}-${process.arch}-${process.versions.v8}.bin`,
  );
  const cachedData = read(cacheFile);
  // Bundles are ASCII.
  const script = asStarted(() => new vm.Script(Module.wrap(fs.readFileSync(file, "latin1")), { filename: file, cachedData }));
  const loading = new Module(file, module);
  loading.filename = file;
  loaded.set(name, loading);
  const outside = Module.createRequire(file);
  const inside = (id) => (/^\.\/[\w-]+\.cjs$/.test(id) ? load(id.slice(2)) : outside(id));
  script.runInThisContext().call(loading.exports, loading.exports, Object.assign(inside, outside), loading, file, __dirname);
  // Made late, when the functions that a session needs have been compiled; on exit for a session that was short.
  if (cachedData === undefined || script.cachedDataRejected) {
    const keep = () => save(script, cacheFile);
    const timer = setTimeout(() => process.off("exit", keep) && keep(), 5000).unref();
    process.once("exit", keep).once("exit", () => clearTimeout(timer));
  }
  return loading.exports;
};

load("main.cjs");
