import { expect, test } from "vitest";
import { renewVariables } from "./run-environment.ts";

const OWN = {
  AWS_ACCESS_KEY_ID: "old",
  AWS_SECRET_ACCESS_KEY: "old",
  AWS_SESSION_TOKEN: "old",
  AWS_REGION: "eu-1",
  HOME: "/home/ada",
  PATH: "/bin",
  TF_VAR_size: "1",
  TF_TOKEN_example_com: "old",
  ARM_CLIENT_ID: "mine",
};

test("a provider's credentials are replaced together: nothing of the old identity stays", () => {
  const { variables, names } = renewVariables(OWN, { AWS_PROFILE: "ada" });
  expect(variables).toEqual({
    ARM_CLIENT_ID: "mine",
    AWS_PROFILE: "ada",
    AWS_REGION: "eu-1",
    HOME: "/home/ada",
    PATH: "/bin",
    TF_TOKEN_example_com: "old",
    TF_VAR_size: "1",
  });
  expect(names).toEqual(["AWS_PROFILE"]);
});

test("what a plan means is never handed over: variables of the configuration, regions, paths", () => {
  const { variables, names } = renewVariables(OWN, {
    TF_VAR_size: "9",
    TF_VAR_more: "9",
    AWS_REGION: "us-1",
    PATH: "/tmp/bin",
    HOME: "/root",
  });
  expect(variables).toEqual(OWN);
  expect(names).toEqual([]);
});

test("other variables are replaced one by one", () => {
  expect(renewVariables(OWN, { TF_TOKEN_example_com: "new" }).variables).toEqual({ ...OWN, TF_TOKEN_example_com: "new" });
});
