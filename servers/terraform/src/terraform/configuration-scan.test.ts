import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { scanConfiguration, topLevelBlocks, type ConfigurationScan } from "./configuration-scan.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scan-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function scan(files: Record<string, string>): Promise<ConfigurationScan> {
  await rm(folder, { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return scanConfiguration(folder);
}

test("takes blocks apart over comments, strings, templates and heredocs", () => {
  const text =
    '# resource "no" {\n/* { */ resource "terraform_data" "a" {\n  x = "}${lookup({a = "}"}, "a")}\\"}" // }\n  y = <<-EOT\n   } resource "aws_x" "z" {\n   EOT\n  z = "$${"\n}\nlocals { a = 1 }\n';
  expect(topLevelBlocks(text)?.map((block) => [block.type, block.labels])).toEqual([
    ["resource", ["terraform_data", "a"]],
    ["locals", []],
  ]);
  expect(topLevelBlocks("a {")).toBeUndefined();
  expect(topLevelBlocks("}")).toBeUndefined();
});

describe("builtinOnly is never true in doubt", () => {
  test.each<[string, string, boolean]>([
    [
      "terraform_data",
      'resource "terraform_data" "a" {}\ndata "terraform_remote_state" "b" {}\nvariable "x" {}\noutput "y" { value = 1 }',
      true,
    ],
    ["required_version", 'terraform {\n  required_version = ">= 1.5"\n}', true],
    [
      "the builtin provider named",
      'terraform {\n  required_providers {\n    terraform = { source = "terraform.io/builtin/terraform" }\n  }\n}\nprovider "terraform" {}',
      true,
    ],
    ["another resource", 'resource "aws_vpc" "a" {}', false],
    ["another data source", 'data "aws_vpc" "a" {}', false],
    ["another ephemeral", 'ephemeral "random_password" "a" {}', false],
    ["a resource by another provider", 'resource "terraform_data" "a" {\n  provider = aws.west\n}', false],
    ["a provider block", 'provider "aws" {}', false],
    ["a required provider", 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}', false],
    ["a required provider without source", 'terraform {\n  required_providers {\n    aws = "~> 5.0"\n  }\n}', false],
    ["a module", 'module "m" { source = "./m" }', false],
    ["a backend", 'terraform {\n  backend "s3" {}\n}', false],
    ["a cloud block", "terraform {\n  cloud {}\n}", false],
    ["text that does not balance", 'resource "terraform_data" "a" {', false],
  ])("%s", async (_what, text, expected) => {
    expect((await scan({ "main.tf": text })).builtinOnly).toBe(expected);
  });

  test("JSON syntax", async () => {
    expect((await scan({ "main.tf.json": '{"resource":{}}' })).builtinOnly).toBe(false);
  });
});

describe("fingerprint", () => {
  test("ignores what init does not care for, notices what it does", async () => {
    const base = {
      "main.tf": 'terraform {\n  backend "local" {}\n}\nresource "aws_a" "x" { a = 1 }\nmodule "m" { source = "./m" }\n',
      "m/a.tf": "locals {}",
    };
    const first = await scan(base);
    const same = await scan({
      ...base,
      "main.tf": base["main.tf"].replace("a = 1", "a = 2"),
      "out.tf": 'output "o" { value = 1 }',
      "notes.txt": "x",
    });
    expect(same.fingerprint).toBe(first.fingerprint);
    for (const [from, to] of [
      ["local", "s3"],
      ["aws_a", "google_a"],
      ["./m", "./n"],
    ] as const) {
      expect((await scan({ ...base, "main.tf": base["main.tf"].replace(from, to) })).fingerprint).not.toBe(first.fingerprint);
    }
    expect((await scan({ ...base, "m/a.tf": 'provider "x" {}' })).fingerprint).not.toBe(first.fingerprint);
  });

  test("modules that call each other in a ring, and a folder that is not there, end", async () => {
    expect((await scan({ "main.tf": 'module "m" { source = "./m" }', "m/main.tf": 'module "up" { source = "../" }' })).files).toBe(1);
    expect(await scanConfiguration(join(folder, "none"))).toMatchObject({ files: 0 });
  });
});
