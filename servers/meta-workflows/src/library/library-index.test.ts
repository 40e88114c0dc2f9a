import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeOver } from "@platform-ops/meta-workflow-registry/definition";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Shelf } from "./library.ts";
import { readIndex, writeIndex } from "./library-index.ts";
import { openLibrary } from "./open-library.ts";

// The index is a copy of what reading gives; it must never say anything else, and never outlive a change.

const SHIPPED = join(import.meta.dirname, "../../../../meta-workflows");
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "index-"));
  await cp(SHIPPED, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = (): Promise<Shelf> => openLibrary({ shipped: folder, settings: { definitions_path: [] } }).read();
const change = async (file: string, from: string, to: string): Promise<void> => {
  const text = await readFile(join(folder, file), "utf8");
  expect(text).toContain(from);
  await writeFile(join(folder, file), text.replace(from, to));
};
/** Says in the index itself that one workflow is called otherwise: by that it is seen who was asked. */
const forge = async (): Promise<void> => change("index.json", '"name":"Incident Response', '"name":"Forged');

it("says what reading says, down to the digests of runs", async () => {
  const without = await read();
  await writeIndex(folder);
  const { definitions, registries } = await readIndex(folder);
  expect(Object.keys(definitions)).toHaveLength(without.entries.filter(({ fromRow }) => !fromRow).length);
  expect(Object.keys(registries)).toHaveLength(1);
  const indexed = await read();
  expect(indexed).toEqual(without);
  const digests = ({ entries }: Shelf): unknown[] =>
    entries.map(({ definition }) => definition && closeOver(definition, () => definition).digest);
  expect(digests(indexed)).toEqual(digests(without));
});

it("is what is used, until the file of a definition changes", async () => {
  await writeIndex(folder);
  await forge();
  const nameOf = async (): Promise<string | undefined> =>
    (await read()).entries.find(({ file }) => file.includes("incident-response"))?.definition?.name;
  expect(await nameOf()).toMatch(/^Forged/);
  await change("incident-response/workflow.yaml", "name: Incident Response", "name: Changed Response");
  expect(await nameOf()).toMatch(/^Changed Response/);
});

it("a registry that changed is read", async () => {
  await writeIndex(folder);
  await change("META-WORKFLOWS.md", "| MW-003 | MCP Tool Testing Suite |", "| MW-003 | Testing in another way |");
  expect((await read()).entries.find(({ id }) => id === "MW-003")?.name).toBe("Testing in another way");
});

it.each(["", "{", "null", '{"definitions":{}}'])("that is damaged (%j) is no index", async (text) => {
  const without = await read();
  await writeFile(join(folder, "index.json"), text);
  expect(await read()).toEqual(without);
});
