import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { publishedLibraries } from "../release/packages.mjs";
import { ROOT } from "../setup.mjs";
import { exampleOf } from "./readme.ts";

// The example of each README, from source; as installed packages `npm run rehearse` runs them, and what takes longer besides.

const run = promisify(execFile);
const FROM_SOURCE = ["--conditions=platform-ops-source", "--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href];
const LONGER = /^node bundle\.ts$/;

test.for(publishedLibraries(ROOT))(
  "the example of $library does what its README says",
  { timeout: 120_000 },
  async ({ library, folder }) => {
    const { installs, files, talks } = exampleOf(readFileSync(join(folder, "README.md"), "utf8"));
    expect(installs[0]?.[0]).toBe(`@platform-ops/${library}`);
    expect(files.length).toBeGreaterThan(0);
    const work = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-readme-")));
    try {
      symlinkSync(join(ROOT, "node_modules"), join(work, "node_modules"));
      writeFileSync(join(work, "package.json"), '{ "type": "module" }\n');
      for (const { path, text } of files) writeFileSync(join(work, path), text, { mode: 0o600 });
      for (const { command, shown } of talks.filter((one) => !LONGER.test(one.command))) {
        const [program = "", ...args] = command.split(" ");
        const start = program === "node" ? [process.execPath, ...FROM_SOURCE, ...args] : [program, ...args];
        expect([command, (await run(start[0]!, start.slice(1), { cwd: work })).stdout.trimEnd()]).toEqual([command, shown]);
      }
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
);
