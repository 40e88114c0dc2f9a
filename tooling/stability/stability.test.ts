import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../setup.mjs";
import { compareSurfaces } from "./compare.ts";
import { readSampleHome, writeSampleHome } from "./sample-home.ts";
import { announcedStep, mayBreak } from "./steps.ts";
import { presentSurface, type Surface } from "./surface.ts";
import { SAMPLES, SNAPSHOT } from "./take-snapshot.ts";

// What people rely on, beside what the last release had (docs/stability.md).

test("nothing that the last release promised is broken, unless a changeset announces it", async () => {
  const released = JSON.parse(readFileSync(join(ROOT, SNAPSHOT), "utf8")) as Surface;
  // As the snapshot is kept: what is not there is not written down.
  const present = JSON.parse(JSON.stringify(await presentSurface(ROOT))) as Surface;
  const changes = compareSurfaces(released, present).map(({ path, breaks, what }) => ({ breaks, text: `${path}: ${what}` }));
  const texts = (breaks: boolean): string[] => changes.filter((one) => one.breaks === breaks).map(({ text }) => text);
  if (changes.length > 0)
    console.log(
      [
        `since ${released.version}:`,
        ...texts(false).map((line) => `  added: ${line}`),
        ...texts(true).map((line) => `  BREAK: ${line}`),
      ].join("\n"),
    );
  if (mayBreak(released.version, announcedStep(ROOT))) return;
  expect(texts(true), "undo these, or announce them by a changeset of the step that docs/stability.md names").toEqual([]);
}, 60_000);

describe("files of released versions are read", () => {
  const versions = readdirSync(join(ROOT, SAMPLES));
  const inCopy = async (prepare: (folder: string) => void | Promise<void>): Promise<object> => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-sample-")));
    try {
      await prepare(folder);
      return await readSampleHome(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const wanted = {
    id: expect.stringMatching(/^[0-9a-f]{12}$/),
    artifact: '{"kept":"from then"}',
    approver: "tty:ann",
    audited: ["approval_requested", "decision", expect.any(String)],
    tokens: ["ci"],
    settings: {
      address: "temporal.example:7233",
      roots: ["/srv/infra"],
      parallelism: 3,
      environments: ["production: cli", "lab: elicit cli auto", "default: elicit cli"],
      auto: 1,
    },
  };

  test("at least one version has some", () => expect(versions.length).toBeGreaterThan(0));
  test.for(versions)("of %s", async (version) => {
    expect(await inCopy((folder) => cpSync(join(ROOT, SAMPLES, version), folder, { recursive: true }))).toEqual(wanted);
  });
  test("of this one", async () => expect(await inCopy(writeSampleHome)).toEqual(wanted));
});

test("a break before 1.0.0 wants a minor step, then a major one", () => {
  expect([mayBreak("0.1.0", "patch"), mayBreak("0.1.0", "minor"), mayBreak("1.2.0", "minor"), mayBreak("1.2.0", "major")]).toEqual([
    false,
    true,
    false,
    true,
  ]);
});
