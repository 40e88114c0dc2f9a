import { describe, expect, test } from "vitest";
import type { ClusterSettings } from "@platform-ops/ledger";
import { loginCommand } from "./login-command.ts";
import { globalWords, sshWords, type TshAbilities } from "./tsh-words.ts";
import { versionVerdict } from "./version-verdict.ts";

const settings: ClusterSettings["teleport"] = {
  cluster: "lab.example",
  proxy: "proxy.example:443",
  identity_file: "/run/tbot/identity",
  auth: "okta",
  mode: "tsh",
  insecure: false,
};
const old: TshAbilities = { noRelogin: false, noRequest: "--disable-access-request" };
const target = { cluster: "lab", node: "web1", user: "ops" };

describe("words for tsh", () => {
  test("global flags first, `--` before the host, one word for the line", () => {
    expect(sshWords(settings, { noRelogin: true, noRequest: "--request-mode=off" }, target, "echo 'a b'")).toEqual(
      "-i /run/tbot/identity --proxy=proxy.example:443 ssh --cluster=lab.example --no-relogin --request-mode=off -- ops@web1"
        .split(" ")
        .concat("echo 'a b'"),
    );
    expect(sshWords(settings, old, target, "id")).toContain("--disable-access-request");
    expect(globalWords({ cluster: "", mode: "tsh", insecure: true })).toEqual(["--insecure"]);
  });

  test("a line can be no option of the remote shell, and never nothing", () => {
    expect(sshWords(settings, old, target, "-x").at(-1)).toBe(" -x");
    expect(sshWords(settings, old, target, "").at(-1)).toBe(" ");
  });

  test.each(["env=prod", "-oProxyCommand=id", "web1:22", "a@b", "", "we b", "web\n1", "\u202Eweb", "-"])("a node %j is refused", (node) => {
    expect(() => sshWords(settings, old, { ...target, node }, "id")).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });

  test.each(["-l", "", "a b", "root\n", "a=b"])("a user %j is refused", (user) => {
    expect(() => sshWords(settings, old, { ...target, user }, "id")).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });
});

test("the login command is the operator's own", () => {
  expect(loginCommand(settings)).toBe("tsh login --proxy=proxy.example:443 --auth=okta lab.example");
  expect(loginCommand(settings, { requestId: "3e1e" })).toBe(
    "tsh login --proxy=proxy.example:443 --auth=okta --request-id=3e1e lab.example",
  );
  expect(loginCommand({ cluster: "", mode: "tsh", insecure: false })).toBe("tsh login");
  expect(loginCommand({ ...settings, auth: "o'k ta" })).toBe("tsh login --proxy=proxy.example:443 --auth='o'\\''k ta' lab.example");
});

describe("which tsh goes with which proxy", () => {
  test.each([
    ["17.4.1", "17.0.0", "compatible"],
    ["16.5.0", "17.0.0", "compatible"],
    ["17.0.0", "16.5.0", "client_too_new"],
    ["15.1.0", "17.0.0", "client_too_old"],
    ["v13.3.8", "14.0.0-dev", "compatible"],
    [undefined, "17.0.0", "unknown"],
    ["17.0.0", undefined, "unknown"],
    ["17.0.0", "nonsense", "unknown"],
  ])("tsh %s with a proxy of %s: %s", (client, proxy, verdict) => {
    expect(versionVerdict(client, proxy)).toMatchObject({ verdict, compatible: verdict === "compatible" });
  });

  test("names what to install", () => {
    expect(versionVerdict("15.1.0", "v17.0.2")).toMatchObject({ install: "17.0.2", supported_majors: [17, 16] });
  });
});
