import type { Compensation, Json, Probe, Step } from "../definition.ts";
import type { Path } from "../yaml-text.ts";

/** A place in a step where expressions stand. */
export interface Site {
  /** From the step, in the names of the normal form; what was written flat is flat here. */
  readonly path: Path;
  /** One expression, without delimiters. */
  readonly expression?: string;
  /** A value with expressions in its texts. */
  readonly template?: Json;
  readonly wants?: "bool" | "list";
  /** Seen here besides what every step sees. */
  readonly also?: readonly string[];
  /** Secrets may be named here. */
  readonly secrets?: boolean;
  /** Evaluated after the step has run: its own output is there. */
  readonly after?: boolean;
}

const PROBE = ["probe"];

/** All places of a step where expressions stand, those of steps in it not among them. */
export function sitesOf(step: Step): Site[] {
  const sites: Site[] = [...commonSites(step), ...ownSites(step)];
  return sites.filter((site) => site.expression !== undefined || site.template !== undefined);
}

const condition = (path: Path, expression: string | undefined, also?: readonly string[]): Site => ({
  path,
  wants: "bool",
  ...(expression === undefined ? {} : { expression }),
  ...(also && { also }),
});
const template = (path: Path, value: Json | undefined, more: Partial<Site> = {}): Site => ({
  path,
  ...(value === undefined ? {} : { template: value }),
  ...more,
});

function commonSites(step: Step): Site[] {
  const sites = [condition(["when"], step.when)];
  if (step.reconcile !== undefined) {
    const { probe, done, absent } = step.reconcile;
    sites.push(
      ...probeSites(["reconcile"], probe),
      condition(["reconcile", "done"], done, PROBE),
      condition(["reconcile", "absent"], absent, PROBE),
    );
  }
  if (step.compensate !== undefined) sites.push(...compensationSites(step.compensate));
  return sites;
}

function compensationSites(compensate: Compensation): Site[] {
  if ("prompt" in compensate) return [template(["compensate"], compensate.prompt, { after: true })];
  const probe: Probe = "call" in compensate ? { kind: "tool", ...compensate.call } : { kind: "program", ...compensate.program };
  return probeSites(["compensate"], probe).map((site) => ({ ...site, after: true }));
}

function probeSites(path: Path, probe: Probe): Site[] {
  if (probe.kind === "check") return [template([...path, "with"], probe.with)];
  if (probe.kind === "tool") return [template([...path, "args"], probe.args, { secrets: true })];
  return [
    template([...path, "argv"], probe.argv as Json),
    template([...path, "cwd"], probe.cwd),
    template([...path, "env"], probe.env, { secrets: true }),
    template([...path, "stdin"], probe.stdin),
  ];
}

function workSites(step: Extract<Step, { type: "prompt" | "delegate" }>): Site[] {
  return [
    template(["instructions"], step.instructions),
    template(["give"], step.give),
    ...step.accept.flatMap(({ check, probe, say }, index) => {
      const at: Path = ["accept", index];
      const seen = { also: probe === undefined ? ["result"] : ["result", "probe"] };
      const looks = probe === undefined ? [] : probeSites([...at, "probe"], probe).map((site) => ({ ...site, also: ["result"] }));
      return [...looks, { ...condition([...at, "check"], check), ...seen }, template([...at, "say"], say, seen)];
    }),
  ];
}

function ownSites(step: Step): Site[] {
  switch (step.type) {
    case "condition":
      return [condition(["if"], step.if)];
    case "set_state":
      return [template(["updates"], step.updates)];
    case "foreach":
      return [
        { path: ["items"], expression: step.items, wants: "list" },
        template(["with"], step.with, { also: [step.as, "item", "index", "total", "is_first", "is_last"] }),
      ];
    case "return":
      return [template(["value"], step.value)];
    case "shell":
      return probeSites([], { kind: "program", ...step });
    case "mcp_call":
      return probeSites([], { kind: "tool", ...step });
    case "prompt":
    case "delegate":
      return workSites(step);
    case "wait":
      return [
        template(["for"], step.for),
        template(["message"], step.message),
        ...(step.until === undefined
          ? []
          : [
              ...probeSites(["until"], step.until.probe),
              condition(["until", "holds_when"], step.until.holds_when, PROBE),
              template(["until", "hold"], step.until.hold),
            ]),
      ];
    case "parallel":
      return [];
    case "switch":
      return step.cases.map(({ when }, index) => condition(["cases", index, "when"], when));
    case "loop":
      return [condition(["while"], step.while, ["iteration"])];
    case "approval":
      return [
        template(["subject"], step.subject),
        template(["bind"], step.bind),
        template(["show"], step.show),
        template(["environment"], step.environment),
      ];
    case "ask":
      return [template(["question"], step.question), template(["default"], step.default)];
    case "check": {
      const seen = step.probe === undefined ? [] : PROBE;
      return [
        ...(step.probe === undefined ? [] : probeSites(["probe"], step.probe)),
        condition(["that"], step.that, seen),
        template(["say"], step.say, { also: seen }),
      ];
    }
    case "workflow":
      return [template(["inputs"], step.inputs)];
    case "fail":
      return [template(["message"], step.message)];
  }
}
