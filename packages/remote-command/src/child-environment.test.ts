import { expect, test } from "vitest";
import { childEnvironment } from "./child-environment.ts";

test("only what is named goes to a child", () => {
  const env = {
    PATH: "/bin",
    HOME: "/home/me",
    LC_ALL: "C",
    KUBECONFIG: "/k",
    AWS_SECRET_ACCESS_KEY: "s",
    TELEPORT_HOME: "/t",
    LD_PRELOAD: "/x.so",
    EMPTY: undefined,
    LC: "x",
  };
  expect(childEnvironment(env)).toEqual({ PATH: "/bin", HOME: "/home/me", LC_ALL: "C" });
  expect(childEnvironment(env, ["KUBECONFIG", "TELEPORT_*"])).toEqual({
    PATH: "/bin",
    HOME: "/home/me",
    LC_ALL: "C",
    KUBECONFIG: "/k",
    TELEPORT_HOME: "/t",
  });
});
