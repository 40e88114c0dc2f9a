// The cluster that the outputs in test/recorded/tsh were taken from, as a state of the emulator.
import type { RecordedCase } from "./recorded.ts";
import type { EmulatedNode, EmulatedTeleport } from "./state.ts";

/** Five machines, of which two have one name; alice may see all, bob the twins only. */
export function recordedLab(cases: readonly RecordedCase[]): Omit<EmulatedTeleport, "sshd"> {
  const nodes = JSON.parse(textOf(cases, "ls-json")) as { metadata: { name: string; expires: string } }[];
  const serials = [...textOf(cases, "ls-json").matchAll(/"id": (\d+)/g)].map((match) => match[1] ?? "0");
  const known = (hostname: string, id: string, port: number, labels: Record<string, string>): EmulatedNode => {
    const at = nodes.findIndex(({ metadata }) => metadata.name === id);
    return { id, hostname, addr: `127.0.0.1:${port}`, labels, expires: nodes[at]?.metadata.expires ?? "", serial: serials[at] ?? "0" };
  };
  return {
    version: "13.3.8",
    proxy_version: "13.3.8",
    cluster: "loop.test",
    proxies: ["127.0.0.1:23180"],
    nodes: [
      known("db1", "cac52d48-084f-447d-8103-82e37b49ce5a", 23322, { env: "prod", role: "db" }),
      known("twin", "4ed9e8bb-0d70-46e3-ae81-75e1d7226ca5", 23522, { env: "staging", role: "twin" }),
      known("twin", "c75cce37-a1f1-45d2-98ed-ed179faf99fe", 23422, { env: "staging", role: "twin" }),
      known("web1", "9c3a0edb-3464-4b4f-af26-225e88cbf95f", 23122, { env: "prod", role: "web" }),
      known("web2", "0ecdc790-d8fc-4ecc-8255-d9b030e76f3a", 23222, { env: "prod", role: "web" }),
    ],
    users: {
      alice: { roles: ["loop-ssh"], logins: ["root", "ghost"] },
      bob: { roles: ["staging-only"], logins: ["root"], sees: { env: "staging" } },
    },
    identities: {},
    profiles: {},
    accounts: { root: "root" },
    requests: [],
    resolver: "10.255.255.53:53",
    help: helpOf(cases),
  };
}

function textOf(cases: readonly RecordedCase[], name: string): string {
  return cases.find((recorded) => recorded.name === name)?.stdout.toString("utf8") ?? "";
}

/** tsh's help is its own text: it is taken from the recording, and not written anew. */
function helpOf(cases: readonly RecordedCase[]): Record<string, string> {
  const helps = cases
    .filter(({ argv }) => argv[0] === "help")
    .map(({ argv, stderr }) => [argv.slice(1).join(" "), stderr.toString("utf8")] as const);
  const proxySsh = cases.find(({ name }) => name === "proxy-ssh-no-host")?.stderr.toString("utf8") ?? "";
  return { ...Object.fromEntries(helps), "proxy ssh": proxySsh.split("\u001B[31m")[0] ?? "" };
}
