import { expect, test } from "vitest";
import { NETWORK_VARIABLES, pickVariables, USUAL_VARIABLES } from "./child-environment.ts";

const ENV = {
  PATH: "/bin",
  HOME: "/home/me",
  LC_ALL: "C",
  HTTPS_PROXY: "http://proxy",
  KUBECONFIG: "/k",
  AWS_SECRET_ACCESS_KEY: "s",
  TELEPORT_HOME: "/t",
  LD_PRELOAD: "/x.so",
  EMPTY: undefined,
  LC: "x",
};

test("only what is named goes to a child", () => {
  expect(pickVariables(ENV, USUAL_VARIABLES)).toEqual({ PATH: "/bin", HOME: "/home/me", LC_ALL: "C" });
  expect(pickVariables(ENV, NETWORK_VARIABLES)).toEqual({ HTTPS_PROXY: "http://proxy" });
  expect(pickVariables(ENV, ["KUBECONFIG", "TELEPORT_*", "EMPTY", "AWS_?"])).toEqual({ KUBECONFIG: "/k", TELEPORT_HOME: "/t" });
});
