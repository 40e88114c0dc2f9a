#!/usr/bin/env node
// Starts main.cjs, and loads its chunks, through V8's code cache, which saves most of the time that compiling them costs.
// A cache is made at the first start, beside the bundle (whoever can write there could change the bundle itself), or, where that
// folder is not ours to write to, in the user's own cache. V8 runs what a cache holds, so that one is believed only where nobody else
// can have written it.
"use strict";
const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const vm = require("node:vm");

// Of each bundle, filled in by the build: V8 itself compares its version, its flags and the length of the source.
const DIGESTS = {};
// Taken back by the build where what runs is counted: of code out of a cache V8 counts functions only.
const KEEPS_CACHE = true;
const cacheFolder = path.join(__dirname, "cache");
// Files of the user's own cache that are kept, the newest: each is of one chunk of one build.
const MOST_FILES = 64;
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

// As the rest of our cache (ledger, places.ts). Not under a home of somebody else, as `sudo` may leave it: what we made there would be in its owner's way.
const userFolder = () => {
  const { PLATFORM_OPS_CACHE, XDG_CACHE_HOME, HOME } = process.env;
  const isMac = process.platform === "darwin";
  const beneath = isMac ? ["Library", "Caches", "platform-ops"] : [".cache", "platform-ops"];
  const ofSystem = !isMac && XDG_CACHE_HOME ? [XDG_CACHE_HOME, "platform-ops"] : [HOME ?? "", ...beneath];
  const [anchor, ...rest] = PLATFORM_OPS_CACHE ? [PLATFORM_OPS_CACHE] : ofSystem;
  try {
    return path.isAbsolute(anchor) && fs.statSync(anchor).uid === process.geteuid() ? path.join(anchor, ...rest, "code") : undefined;
  } catch {
    return undefined;
  }
};

const isPrivate = (folder) => {
  const { uid, mode } = fs.lstatSync(folder);
  return (mode & fs.constants.S_IFMT) === fs.constants.S_IFDIR && uid === process.geteuid() && (mode & 0o077) === 0;
};

const readOwn = (name) => {
  let opened;
  try {
    const folder = userFolder();
    if (folder === undefined || !isPrivate(folder)) return undefined;
    opened = fs.openSync(path.join(folder, name), fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    const { uid, mode, nlink } = fs.fstatSync(opened);
    const isOurs =
      (mode & fs.constants.S_IFMT) === fs.constants.S_IFREG && uid === process.geteuid() && (mode & 0o022) === 0 && nlink === 1;
    return isOurs ? fs.readFileSync(opened) : undefined;
  } catch {
    return undefined;
  } finally {
    if (opened !== undefined) fs.closeSync(opened);
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

const write = (folder, name, data, mode) => {
  const partial = path.join(folder, `${name}.${process.pid}`);
  fs.writeFileSync(partial, data, { mode });
  fs.renameSync(partial, path.join(folder, name));
};

const sweep = (folder) => {
  const files = fs.readdirSync(folder).map((name) => ({ name, time: fs.statSync(path.join(folder, name)).mtimeMs }));
  for (const { name } of files.sort((a, b) => b.time - a.time).slice(MOST_FILES)) fs.rmSync(path.join(folder, name), { force: true });
};

const save = (script, name) => {
  try {
    const data = asStarted(() => script.createCachedData());
    try {
      fs.mkdirSync(cacheFolder, { recursive: true });
      write(cacheFolder, name, data, 0o644);
    } catch {
      const folder = userFolder();
      if (folder === undefined) return;
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (!isPrivate(folder)) return;
      write(folder, name, data, 0o600);
      sweep(folder);
    }
  } catch {
    // No folder is ours to write to: the next start compiles again.
  }
};

const load = (name) => {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const file = path.join(__dirname, name);
  const cacheName = `${path.parse(name).name}-${use}-${DIGESTS[name] ?? "0"}-${process.platform}-${process.arch}-${process.versions.v8}.bin`;
  const cachedData = KEEPS_CACHE ? (read(path.join(cacheFolder, cacheName)) ?? readOwn(cacheName)) : undefined;
  // Bundles are ASCII.
  const script = asStarted(() => new vm.Script(Module.wrap(fs.readFileSync(file, "latin1")), { filename: file, cachedData }));
  const loading = new Module(file, module);
  loading.filename = file;
  loaded.set(name, loading);
  const outside = Module.createRequire(file);
  const inside = (id) => (/^\.\/[\w-]+\.cjs$/.test(id) ? load(id.slice(2)) : outside(id));
  script.runInThisContext().call(loading.exports, loading.exports, Object.assign(inside, outside), loading, file, __dirname);
  // Made late, when the functions that a session needs have been compiled; on exit for a session that was short.
  if (KEEPS_CACHE && (cachedData === undefined || script.cachedDataRejected)) {
    const keep = () => save(script, cacheName);
    const timer = setTimeout(() => process.off("exit", keep) && keep(), 5000).unref();
    process.once("exit", keep).once("exit", () => clearTimeout(timer));
  }
  return loading.exports;
};

load("main.cjs");
