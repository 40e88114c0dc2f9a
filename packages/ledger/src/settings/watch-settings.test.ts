import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchSettings } from "./watch-settings.ts";

let folder: string;
let stop: () => void = () => undefined;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "settings-"))));
afterEach(() => {
  stop();
  rmSync(folder, { recursive: true });
});

test.each<[string, (file: string) => void]>([
  ["written", (file) => writeFileSync(file, "longer than before")],
  ["replaced by one of equal size", (file) => (writeFileSync(`${file}.new`, "after!"), renameSync(`${file}.new`, file))],
  ["removed", (file) => rmSync(file)],
])("a file that is %s is seen once", async (_how, change) => {
  const file = join(folder, "config.yaml");
  writeFileSync(file, "before");
  const changed = vi.fn<(file: string) => void>();
  stop = watchSettings([join(folder, "other.yaml"), file], changed);
  change(file);
  await vi.waitFor(() => expect(changed).toHaveBeenCalledExactlyOnceWith(file), { timeout: 5_000 });
});

test("a file that comes into being is seen", async () => {
  const file = join(folder, "policy.yaml");
  const changed = vi.fn<(file: string) => void>();
  stop = watchSettings([file], changed);
  writeFileSync(file, "{}");
  await vi.waitFor(() => expect(changed).toHaveBeenCalledOnce(), { timeout: 5_000 });
});
