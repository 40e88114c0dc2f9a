import { OpsError, type ErrorCode } from "@platform-ops/errors";
import { describe, expect, it } from "vitest";
import { failureMessage, remedyFor } from "./remedy.ts";

const place = { cluster: "staging", node: "web1", user: "ada" };

describe("the words of the source for a failure", () => {
  it.each<[ErrorCode, object, string]>([
    ["not_logged_in", place, "Not logged into staging cluster"],
    ["certificate_expired", { cluster: "staging" }, "Not logged into staging cluster"],
    ["access_denied", place, "Cannot connect to ada@web1: why"],
    ["node_unreachable", { node: "web1", user: null }, "Cannot connect to web1: why"],
    ["host_key_changed", place, "Cannot connect to ada@web1: why"],
    ["connect_timeout", place, "SSH connection timed out: why"],
    ["proxy_unreachable", { cluster: "staging" }, "why"],
    ["command_failed", place, "why"],
  ])("%s of %j: %s", (code, facts, words) => {
    expect(failureMessage(new OpsError(code, "why"), facts as Record<string, unknown>)).toBe(words);
  });
});

describe("what a person may do about it", () => {
  const settings = {
    clusters: { staging: { teleport: { proxy: "tele.example.com:443" } } },
    remedies: {
      not_logged_in: { command: "tsh login --proxy={proxy} {cluster}", steps: ["As {user} on {node}", "Install {version}"] },
      default: { command: "ask" },
    },
  } as unknown as Parameters<typeof remedyFor>[0];
  const remedy = (code: ErrorCode, facts: object, details: Record<string, unknown> = {}) =>
    remedyFor(settings, new OpsError(code, "why", { hint: "the cure", details }), facts as Record<string, unknown>);

  it("is the operator's, filled with what is known; what is not known stays to be seen", () => {
    expect(remedy("not_logged_in", place, { version: "14.0.0" })).toEqual({
      command: "tsh login --proxy=tele.example.com:443 staging",
      steps: ["As ada on web1", "Install 14.0.0"],
    });
    expect(remedy("not_logged_in", { cluster: "elsewhere" }).command).toBe("tsh login --proxy={proxy} elsewhere");
  });

  it("without words for this failure, the default's; without those, the failure's own cure", () => {
    expect(remedy("access_denied", place)).toEqual({ command: "ask", steps: ["the cure"] });
    expect(remedyFor({ clusters: {}, remedies: {} }, new OpsError("access_denied", "why", { hint: "the cure" }), place)).toEqual({
      command: null,
      steps: ["the cure"],
    });
  });

  it("is a command that may be pasted, whatever an agent gave as a name", () => {
    const { command } = remedy("not_logged_in", { cluster: "a'; rm -rf ~ #\n{proxy}\u202e" });
    expect(command).toBe(`tsh login --proxy={proxy} 'a'\\''; rm -rf ~ #?{proxy}?'`);
  });
});
