import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { environmentOf, readSettings } from "@platform-ops/ledger";
import { REPOSITORY } from "../support/mcp-client.ts";

// The recipes of deploy/ by the programs that read them: compose-go, which is Docker Compose's own parser, and systemd.

const DEPLOY = join(REPOSITORY, "deploy");
const composeProgram = process.env["PLATFORM_OPS_TEST_COMPOSE"];

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "deploy-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(composeProgram === undefined)("compose.yaml (`npm test` brings its parser)", () => {
  const VALUES = { POSTGRES_PASSWORD: "x", PLATFORM_OPS_VERSION: "0.1.0", INFRASTRUCTURE: "/srv/infrastructure" };
  const load = (text: string, values: Record<string, string>) => {
    writeFileSync(join(folder, "compose.yaml"), text);
    return spawnSync(composeProgram!, ["compose.yaml"], { cwd: folder, encoding: "utf8", env: values });
  };
  const text = readFileSync(join(DEPLOY, "compose.yaml"), "utf8");

  test("is what Docker Compose reads, with one data directory and no server of ours that anybody may call in the clear", () => {
    const loaded = load(text, VALUES);
    expect(loaded.status, loaded.stderr).toBe(0);
    const { services } = JSON.parse(loaded.stdout) as { services: Record<string, any> };
    expect(Object.keys(services).toSorted()).toEqual([
      "flux-teleport",
      "meta-workflows",
      "meta-workflows-worker",
      "namespace",
      "postgresql",
      "schema",
      "temporal",
      "terraform",
      "terraform-worker",
      "ui",
    ]);
    const ours = Object.values(services).filter(({ image }) => image === "platform-ops:0.1.0");
    expect(ours).toHaveLength(5);
    for (const service of ours) {
      expect(service.environment).toMatchObject({ PLATFORM_OPS_HOME: "/data/home", TEMPORAL_ADDRESS: "temporal:7233" });
      expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
      expect(service.volumes).toContainEqual(expect.objectContaining({ type: "volume", source: "data", target: "/data" }));
    }
    expect(services["ui"].ports).toMatchObject([{ host_ip: "127.0.0.1" }]);
    expect(services["temporal"].ports, "Temporal is reached from within only").toBeUndefined();
  });

  test.each(Object.keys(VALUES))("asks for %s where it is not given", (name) => {
    const { [name as keyof typeof VALUES]: _, ...others } = VALUES;
    const loaded = load(text, others);
    expect(loaded.status).not.toBe(0);
    expect(loaded.stderr).toContain(`required variable ${name} is missing a value`);
  });

  test("the parser refuses what is no such file", () => {
    const loaded = load(text.replace("restart: unless-stopped", "restarts: unless-stopped"), VALUES);
    expect(loaded.stderr).toContain("restarts");
    expect(loaded.status).not.toBe(0);
  });
});

test("config.yaml beside it is an operator's file without a fault, and asks for a person's key", () => {
  for (const name of ["config.yaml", "allowed_signers"]) copyFileSync(join(DEPLOY, name), join(folder, name));
  const { settings, policy } = readSettings({
    argv: [],
    env: { PLATFORM_OPS_CONFIG: join(folder, "config.yaml"), PLATFORM_OPS_HOME: join(folder, "home") },
    cwd: folder,
    home: folder,
    platform: "linux",
    systemPolicy: { path: join(folder, "no-policy.yaml"), owner: 0 },
  });
  expect(settings.http).toMatchObject({ host: "0.0.0.0", authentication: "token", tls: { key_path: join(folder, "tls/server.key") } });
  expect(environmentOf(policy, { config_path: "/infrastructure/shop/infra.yaml" })).toMatchObject({
    protected: true,
    channels: ["signed"],
  });
});

test.skipIf(spawnSync("systemd-analyze", ["--version"]).error !== undefined)("the units are such as systemd runs", () => {
  const units = readdirSync(join(DEPLOY, "systemd")).filter((name) => name.endsWith(".service"));
  expect(units).toHaveLength(2);
  const instances = units.map((name) => {
    const instance = join(folder, basename(name).replace("@.", "@terraform."));
    copyFileSync(join(DEPLOY, "systemd", name), instance);
    return instance;
  });
  expect(execFileSync("systemd-analyze", ["verify", "--man=no", ...instances], { encoding: "utf8", stdio: "pipe" })).toBe("");
});
