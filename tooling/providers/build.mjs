// Terraform providers as a file system mirror, for tests: two of HashiCorp's and one of our own that misbehaves (test/providers/provider),
// built by Go into our cache, once per version. Every module is checked by go.sum. Needs about two minutes of processor time.
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashFiles, partialFolder, settle } from "../setup/cache.mjs";
import { MissingPart, run, which } from "../setup/program.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const MODULE = join(HERE, "../../test/providers/provider");

/**
 * Address, version and package of each. The addresses are those of no registry: terraform and OpenTofu take theirs from the mirror or not at all.
 * `local` is built on plugin SDK 1.0 (protocol 5), `time` on the plugin framework (protocol 5), ours on the plugin framework (protocol 6).
 */
const PROVIDERS = [
  { address: "example.com/hashicorp/local", version: "1.4.0", source: "github.com/terraform-providers/terraform-provider-local" },
  { address: "example.com/hashicorp/time", version: "0.14.2", source: "github.com/hashicorp/terraform-provider-time" },
  { address: "example.com/test/trap", version: "1.0.0", source: "." },
  { address: "example.com/test/trap", version: "2.0.0", source: "." },
];

/**
 * Finds or builds them. Resolves to a folder with `mirror/` and `cli.tfrc`, the file for TF_CLI_CONFIG_FILE.
 * @param {{ cache: string, step: { update(text: string): void }, signal?: AbortSignal }} options
 * @throws MissingPart without Go, ProgramFailed
 */
export async function bringProviders({ cache, step, signal }) {
  const files = readdirSync(MODULE).map((name) => join("../../test/providers/provider", name));
  const folder = join(cache, "providers", hashFiles([...files.sort(), "build.mjs"], HERE).slice(0, 16));
  if (existsSync(folder)) return folder;
  if (which("go") === undefined)
    throw new MissingPart("The test providers are built by Go, which is not on PATH. Install Go 1.26.8 or newer.");
  const partial = partialFolder(cache, "providers");
  const go = (args) =>
    run("go", args, {
      cwd: join(partial, "module"),
      env: { ...process.env, GOFLAGS: "" },
      signal,
      onLine: (line) => step.update(line.slice(0, 100)),
    });
  try {
    cpSync(MODULE, join(partial, "module"), { recursive: true });
    const platform = (await go(["env", "GOOS", "GOARCH"])).trim().split("\n").join("_");
    const out = join(partial, "out");
    for (const { address, version, source } of PROVIDERS) {
      step.update(`building ${address} ${version}`);
      const place = join(out, "mirror", address, version, platform);
      mkdirSync(place, { recursive: true });
      const program = join(place, `terraform-provider-${address.split("/").at(-1)}_v${version}`);
      await go(["build", "-trimpath", "-ldflags", `-s -w -X main.version=${version}`, "-o", program, source]);
    }
    writeFileSync(
      join(out, "cli.tfrc"),
      `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(join(folder, "mirror"))}\n  }\n}\n`,
    );
    settle(out, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}
