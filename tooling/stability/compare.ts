import type { Change } from "./change.ts";
import { compareSchemas } from "./compare-schemas.ts";
import type { ServerSurface, Surface, ToolSurface } from "./surface.ts";

/** What changed from one surface to the next: words for readers do not count. */
export function compareSurfaces(before: Surface, after: Surface): Change[] {
  return [
    ...named("server", before.servers, after.servers, compareServers),
    ...named("library", before.libraries, after.libraries, (path, was, is) =>
      named(`${path} subpath`, was, is, (at, names, others) =>
        // A type where a value was: what calls it does not compile. A value where a type was still serves as one.
        named(`${at} export`, names, others, (name, kind, other) => (kind === "value" ? changed(name, "kind", kind, other) : [])),
      ),
    ),
    ...named("setting", before.settings, after.settings, (path, was, is) => [
      ...changed(path, "flag", was.flag, is.flag),
      ...gone(path, "variable", was.env, is.env),
      ...changed(path, "default", was.default, is.default),
    ]),
    ...named("file", before.files, after.files, (path, was, is) => compareSchemas(path, was, is, "takes")),
    ...named("error", before.errors, after.errors, (path, was, is) => [
      ...changed(path, "retryable", was.retryable, is.retryable),
      ...changed(path, "exit code", was.exit, is.exit),
    ]),
  ];
}

function compareServers(path: string, before: ServerSurface, after: ServerSurface): Change[] {
  return [
    ...changed(path, "package", before.package, after.package),
    ...changed(path, "bin", before.bin, after.bin),
    ...changed(path, "Node", before.node, after.node),
    ...named(`${path} tool`, before.tools, after.tools, compareTools),
    ...gone(path, "resource", before.resources, after.resources),
    ...gone(path, "prompt", before.prompts, after.prompts),
    ...named(`${path} command`, before.commands, after.commands, (at, was, is) =>
      named(`${at} option`, was, is, (option, type, other) => changed(option, "type", type, other)),
    ),
    ...gone(path, "run", before.runs, after.runs),
  ];
}

function compareTools(path: string, before: ToolSurface, after: ToolSurface): Change[] {
  const [was, is] = [before.effect, after.effect];
  // Clients let through by these hints what they would ask about otherwise, and the other way round.
  const riskier =
    (was.readOnlyHint === true && is.readOnlyHint !== true) || (was.destructiveHint === false && is.destructiveHint !== false);
  const effect =
    JSON.stringify(was) === JSON.stringify(is)
      ? []
      : [{ path, breaks: riskier, what: `effect was ${JSON.stringify(was)}, is ${JSON.stringify(is)}` }];
  const output =
    before.output === undefined
      ? []
      : after.output === undefined
        ? [{ path, breaks: true, what: "says nothing of its answer any more" }]
        : compareSchemas(`${path} answer`, before.output, after.output, "gives");
  return [...effect, ...compareSchemas(path, before.input, after.input, "takes"), ...output];
}

function named<T>(
  kind: string,
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
  compare: (path: string, before: T, after: T) => Change[],
): Change[] {
  const kept = Object.entries(before).flatMap(([name, was]) => {
    const is = after[name];
    return is === undefined ? [{ path: `${kind} ${name}`, breaks: true, what: "is gone" }] : compare(`${kind} ${name}`, was, is);
  });
  const added = Object.keys(after).filter((name) => before[name] === undefined);
  return [...kept, ...added.map((name) => ({ path: `${kind} ${name}`, breaks: false, what: "is new" }))];
}

function gone(path: string, kind: string, before: readonly string[], after: readonly string[]): Change[] {
  const lost = before
    .filter((one) => !after.includes(one))
    .map((one) => ({ path: `${path} ${kind} ${one}`, breaks: true, what: "is gone" }));
  const added = after
    .filter((one) => !before.includes(one))
    .map((one) => ({ path: `${path} ${kind} ${one}`, breaks: false, what: "is new" }));
  return [...lost, ...added];
}

function changed(path: string, what: string, before: unknown, after: unknown): Change[] {
  return before === after ? [] : [{ path, breaks: true, what: `${what} was ${String(before)}, is ${String(after)}` }];
}
