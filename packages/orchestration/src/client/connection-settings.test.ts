import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionTarget } from "./connection-settings.ts";
import { isLoopback, splitAddress } from "./connection-target.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "target-"));
  await writeFile(join(folder, "cert.pem"), "CERT");
  await writeFile(join(folder, "key.pem"), "KEY");
  await writeFile(
    join(folder, "temporal.toml"),
    '[profile.default]\naddress = "company.example.com:7233"\n[profile.stage]\naddress = "stage.example.com:7233"\nnamespace = "ops"\napi_key = "k"\n',
  );
});
afterAll(() => rm(folder, { recursive: true }));

const settings = { namespace: "default" };
const cluster = { ...settings, address: "temporal.example.com:7233" };

async function problems(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(OpsError);
  expect(error).toMatchObject({ code: "settings_invalid" });
  return ((error as OpsError).details["problems"] as string[]).join("\n");
}

describe("connection target", () => {
  it("is the local Temporal where no address is set, whatever is blank", async () => {
    expect(await connectionTarget(settings, {})).toBeUndefined();
    expect(
      await connectionTarget({ ...settings, address: " " }, { TEMPORAL_TLS: "", TEMPORAL_ADDRESS: "", TEMPORAL_TLS_CLIENT_CERT_PATH: " " }),
    ).toBeUndefined();
  });

  it("never follows the user's own default profile unless one is named", async () => {
    const env = { XDG_CONFIG_HOME: folder, HOME: folder };
    expect(await connectionTarget(settings, env)).toBeUndefined();
    const named = await connectionTarget({ ...settings, config_file: join(folder, "temporal.toml"), profile: "stage" }, env);
    expect(named).toEqual({ mode: "cluster", address: "stage.example.com:7233", namespace: "ops", apiKey: "k", tls: true });
  });

  it("says which profile could not be read", async () => {
    expect(await problems(connectionTarget({ ...settings, config_file: join(folder, "temporal.toml"), profile: "nope" }, {}))).toContain(
      '"nope"',
    );
    expect(await problems(connectionTarget({ ...settings, config_file: join(folder, "absent.toml") }, {}))).toContain("absent.toml");
  });

  it.each(["TRUE", "yes", "1", "On"])("takes TEMPORAL_TLS=%s as on", async (value) => {
    expect((await connectionTarget(cluster, { TEMPORAL_TLS: value }))?.tls).toBe(true);
  });

  it("refuses a boolean that is none", async () => {
    expect(await problems(connectionTarget(cluster, { TEMPORAL_TLS: "maybe" }))).toContain("TEMPORAL_TLS");
  });

  it("turns TLS on for an API key, and refuses the key in clear text except on loopback", async () => {
    expect((await connectionTarget({ ...cluster, api_key: "k" }, {}))?.tls).toBe(true);
    expect(await problems(connectionTarget({ ...cluster, api_key: "k" }, { TEMPORAL_TLS: "false" }))).toContain("clear text");
    expect((await connectionTarget({ ...settings, address: "127.0.0.1:7233", api_key: "k" }, { TEMPORAL_TLS: "no" }))?.tls).toBe(false);
  });

  it("reads certificate and key together, or neither", async () => {
    const cert = join(folder, "cert.pem");
    const key = join(folder, "key.pem");
    const target = await connectionTarget(cluster, { TEMPORAL_TLS_CLIENT_CERT_PATH: cert, TEMPORAL_TLS_CLIENT_KEY_PATH: key });
    expect(target?.tls).toMatchObject({ clientCertPair: { crt: Buffer.from("CERT"), key: Buffer.from("KEY") } });
    expect(await problems(connectionTarget(cluster, { TEMPORAL_TLS_CLIENT_CERT_PATH: cert }))).toContain("both or neither");
    expect(await problems(connectionTarget({ ...cluster, tls: { client_cert_path: cert, client_key_path: "/nowhere" } }, {}))).toContain(
      "/nowhere",
    );
  });

  it("turns every underscore of a header's name", async () => {
    expect((await connectionTarget(cluster, { TEMPORAL_GRPC_META_X_MY_TEAM: "ops", TEMPORAL_GRPC_META_EMPTY: "" }))?.metadata).toEqual({
      "x-my-team": "ops",
    });
  });

  it("tells all problems at once", async () => {
    const text = await problems(
      connectionTarget(
        { ...settings, address: "a b;c", api_key: "k" },
        { TEMPORAL_TLS: "off", TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: "1" },
      ),
    );
    for (const part of ["temporal.address", "TEMPORAL_API_KEY", "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"]) expect(text).toContain(part);
  });

  it("does not forget credentials that have no address", async () => {
    expect(await problems(connectionTarget({ ...settings, api_key: "k" }, {}))).toContain("TEMPORAL_ADDRESS");
  });
});

describe("addresses", () => {
  it("are split, with 7233 as the default", () => {
    expect(splitAddress("h:1")).toEqual({ host: "h", port: 1 });
    expect(splitAddress("h")).toEqual({ host: "h", port: 7233 });
    expect(splitAddress("[::1]:8")).toEqual({ host: "::1", port: 8 });
  });

  it("are loopback only where they cannot leave the machine", () => {
    for (const address of ["127.0.0.1:1", "localhost:7233", "[::1]:1", "127.9.9.9"]) expect(isLoopback(address)).toBe(true);
    for (const address of ["127.0.0.1.evil.com:1", "10.0.0.1:1", "localhost.evil.com", "[::2]:1"]) expect(isLoopback(address)).toBe(false);
  });
});
