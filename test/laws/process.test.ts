import { codeLaw, type Violation } from "./law.ts";
import { isNode, isShipped, walk, type Node, type Source } from "./repository.ts";

const text = (source: Source, node: Node): string => source.text.slice(node.start, node.end);

function everyNode(
  sources: readonly Source[],
  applies: (path: string) => boolean,
  fault: (node: Node, source: Source) => string | undefined,
): Violation[] {
  return sources
    .filter((source) => applies(source.path))
    .flatMap((source) => {
      const found: Violation[] = [];
      walk(source.program, (node) => {
        const said = fault(node, source);
        if (said !== undefined) found.push(`${source.path}:${source.lineAt(node.start)}: ${said}`);
      });
      return found;
    });
}

/** `process.<name>` in any spelling: a member, a quoted member, taken apart, or imported by name. */
function takesFromProcess(node: Node, source: Source, names: readonly string[]): string | undefined {
  if (
    node.type === "MemberExpression" &&
    isNode(node["object"]) &&
    /^(globalThis\.)?process$/.test(text(source, node["object"])) &&
    isNode(node["property"])
  ) {
    const name = String(node["property"]["name"] ?? node["property"]["value"]);
    return names.includes(name) ? `reads process.${name}` : undefined;
  }
  const isDestructured =
    node.type === "VariableDeclarator" && isNode(node["init"]) && text(source, node["init"]) === "process" && isNode(node["id"]);
  if (isDestructured && names.some((name) => new RegExp(`\\b${name}\\b`).test(text(source, node["id"] as Node))))
    return "takes process apart";
  if (node.type === "ImportDeclaration" && isNode(node["source"]) && /^(node:)?process$/.test(String(node["source"]["value"]))) {
    return names.some((name) => new RegExp(`\\b${name}\\b`).test(text(source, node))) ? "imports it from node:process" : undefined;
  }
  return undefined;
}

codeLaw("Law 3: process.env and process.argv are read in config.ts only", {
  check: (sources) =>
    everyNode(
      sources,
      (path) => isShipped(path) && !/^servers\/[^/]+\/src\/config\.ts$/.test(path),
      (node, source) => takesFromProcess(node, source, ["env", "argv", "execArgv"]),
    ),
  broken: {
    "servers/terraform/src/deps.ts": 'const level = process.env["LOG_LEVEL"];',
    "packages/ledger/src/planted.ts": "const { env } = process;",
    "packages/mcp-kit/src/planted.ts": 'import { argv } from "node:process";',
    "packages/orchestration/src/planted.ts": "const all = globalThis.process.env;",
  },
  kept: {
    "servers/terraform/src/config.ts": "const all = process.env;",
    "packages/ledger/src/planted.ts": "// process.env is not read here\nconst pid = process.pid;",
  },
});

/** The only places that hold a standard stream: the protocol's transport, the terminal of subcommands, and the programs' own last words. */
const HOLDS_STREAMS = [
  /^packages\/mcp-kit\/src\/(stdio\/(serve-stdio|stdio-transport|json-lines)|sdk\/sdk-stdio|server-deps)\.ts$/,
  /^servers\/[^/]+\/src\/(bin|main|server|config)\.ts$/,
  /^servers\/[^/]+\/src\/worker\/main\.ts$/,
  /^packages\/orchestration\/src\/supervisor\.ts$/,
  // Runs while bundles are built, never in a server.
  /^packages\/orchestration\/src\/worker\/bundle\.ts$/,
];

codeLaw("Law 4: stdout belongs to the protocol, nothing writes to a console", {
  check: (sources) =>
    everyNode(sources, isShipped, (node, source) => {
      if (node.type === "MemberExpression" && isNode(node["object"]) && text(source, node["object"]) === "console")
        return text(source, node);
      return HOLDS_STREAMS.some((place) => place.test(source.path))
        ? undefined
        : takesFromProcess(node, source, ["stdout", "stderr", "stdin"]);
    }),
  broken: {
    "packages/ledger/src/planted.ts": 'console.log("opened");',
    "servers/terraform/src/tools/planted.ts": 'process.stdout.write("done");',
    "servers/terraform/src/bin.ts": 'console.error("oops");',
  },
  kept: { "packages/ledger/src/planted.ts": 'const note = "console.log is not used";' },
});

/** The constant wrapper that keeps a detached program's exit code, and the one file that starts it. */
const WRAPPER = "packages/orchestration/src/detached/wrapper.ts";
const STARTS_WRAPPER = new Set([WRAPPER, "packages/orchestration/src/detached/run-detached.ts"]);
/** The constant script around a command on its machine, and where it becomes the words of a command line. */
const ENVELOPE_SCRIPT = "packages/remote-command/src/envelope-script.ts";
const MAKES_ENVELOPES = new Set([ENVELOPE_SCRIPT, "packages/remote-command/src/envelope.ts"]);
const SHELLS = /^(\/(usr\/)?bin\/)?(ba|da|z|k)?sh$|^cmd(\.exe)?$|^powershell(\.exe)?$/;

codeLaw("Law 10: programs are started with an argv array, never by a shell; the one exception is the constant wrapper", {
  check: (sources) =>
    everyNode(
      sources,
      (path) => isShipped(path),
      (node, source) => {
        if (
          node.type === "ImportDeclaration" &&
          isNode(node["source"]) &&
          /^(node:)?child_process$/.test(String(node["source"]["value"]))
        ) {
          return /\bexec(Sync)?\b/.test(text(source, node)) ? "imports exec, which starts a shell" : undefined;
        }
        if (
          node.type === "Property" &&
          isNode(node["key"]) &&
          (node["key"]["name"] ?? node["key"]["value"]) === "shell" &&
          isNode(node["value"])
        ) {
          const isProgramOption =
            node["value"]["value"] === true || (typeof node["value"]["value"] === "string" && SHELLS.test(node["value"]["value"]));
          return isProgramOption ? `has ${text(source, node)}` : undefined;
        }
        if (
          node.type === "Literal" &&
          typeof node["value"] === "string" &&
          SHELLS.test(node["value"]) &&
          !STARTS_WRAPPER.has(source.path) &&
          !MAKES_ENVELOPES.has(source.path)
        )
          return `names a shell: ${text(source, node)}`;
        return undefined;
      },
    ),
  broken: {
    "packages/ledger/src/planted.ts": 'import { exec } from "node:child_process";',
    "packages/orchestration/src/planted.ts": 'spawn("temporal", [], { shell: true });',
    "servers/terraform/src/planted.ts": 'spawn("/bin/sh", ["-c", `terraform ${name}`]);',
  },
  kept: { "servers/terraform/src/planted.ts": 'import { execFile } from "node:child_process";\nexecFile("terraform", ["plan"]);' },
});

codeLaw("Law 10: the script around a remote command is put together from its own constant parts only", {
  check: (sources) =>
    everyNode(
      sources,
      (path) => path === ENVELOPE_SCRIPT,
      (node, source) => {
        if (node.type !== "TemplateLiteral" || !Array.isArray(node["expressions"])) return undefined;
        const foreign = (node["expressions"] as Node[]).map((one) => text(source, one)).find((name) => !/^[A-Z_]+$/.test(name));
        return foreign === undefined ? undefined : `interpolates ${foreign}`;
      },
    ),
  broken: { [ENVELOPE_SCRIPT]: "const script = `cd ${directory}`;" },
  kept: { [ENVELOPE_SCRIPT]: 'const A = "x;";\nconst B = `y ${A}`;' },
});

codeLaw("Law 10: the wrapper's script is constant, nothing is ever interpolated into it", {
  check: (sources) =>
    everyNode(
      sources,
      (path) => path === WRAPPER,
      (node, source) => {
        const isMixed = node.type === "TemplateLiteral" && Array.isArray(node["expressions"]) && node["expressions"].length > 0;
        return isMixed && /\bexec\b|\$1|set -|trap/.test(text(source, node)) ? `interpolates into ${text(source, node)}` : undefined;
      },
    ),
  broken: { [WRAPPER]: 'const script = `exec ${program} "$@"`;' },
});
