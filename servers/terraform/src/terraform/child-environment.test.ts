import { expect, test } from "vitest";

import { childEnvironment, collectEnvironment } from "./child-environment.ts";

const ENV = {
  HOME: "/home/me",
  PATH: "/bin",
  LC_ALL: "C",
  HTTPS_PROXY: "http://proxy",
  TF_PLUGIN_CACHE_DIR: "/cache",
  TF_CLI_CONFIG_FILE: "/rc",
  AWS_PROFILE: "p",
  TF_VAR_x: "1",
  TF_TOKEN_app_terraform_io: "t",
  OTHER: "no",
  NODE_OPTIONS: "--inspect",
  LD_PRELOAD: "/evil.so",
  TF_CLI_ARGS: "-x",
  TF_CLI_ARGS_plan: "-var=n=9",
  TF_LOG: "TRACE",
  TF_LOG_PATH: "/log",
  TF_WORKSPACE: "prod",
  TF_REATTACH_PROVIDERS: "{}",
  TF_DATA_DIR: "/theirs",
  NOT_SET: undefined,
};

test("collects base names and those that the globs name, and never what changes a command's meaning", () => {
  const collected = collectEnvironment(ENV, ["AWS_*", "TF_VAR_*", "TF_TOKEN_*", "TF_*", "NOT_SET"]);
  expect(Object.keys(collected)).toEqual([
    "AWS_PROFILE",
    "HOME",
    "HTTPS_PROXY",
    "LC_ALL",
    "PATH",
    "TF_CLI_CONFIG_FILE",
    "TF_PLUGIN_CACHE_DIR",
    "TF_TOKEN_app_terraform_io",
    "TF_VAR_x",
  ]);
  expect(collectEnvironment(ENV, [])).not.toHaveProperty("AWS_PROFILE");
  expect(collectEnvironment({ AXB: "1", "A.B": "2" }, ["A.B"])).toEqual({ "A.B": "2" });
});

test("a child has the run's variables, ours, and none of the dropped ones even where a run kept them", () => {
  const child = childEnvironment(
    {
      HOME: "/home/me",
      AWS_PROFILE: "p",
      TF_CLI_ARGS_apply: "-auto-approve",
      TF_WORKSPACE: "w",
      TF_LOG_CORE: "TRACE",
      TF_INPUT: "1",
      TF_DATA_DIR: "/theirs",
      BAD: "a\0b",
    },
    "/data",
  );
  expect(child).toEqual({
    HOME: "/home/me",
    AWS_PROFILE: "p",
    TF_IN_AUTOMATION: "1",
    CHECKPOINT_DISABLE: "1",
    TF_INPUT: "0",
    TF_DATA_DIR: "/data",
  });
});
