// `pnpm new tool terraform show_state`: writes a tool and its test, and adds its line to the server's list of tools.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { addTool, toolFile, toolTest } from "./new/tool.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

function main([what, server, name, effect = "read"]: readonly string[]): number {
  const servers = readdirSync(join(ROOT, "servers"));
  if (what !== "tool" || server === undefined || name === undefined) return wrong("usage: pnpm new tool SERVER NAME [read|write|destroy]");
  if (!servers.includes(server)) return wrong(`No such server: ${server}. There are: ${servers.join(", ")}`);
  if (!/^[a-z]+(_[a-z0-9]+)+$/.test(name) || name.length > 40)
    return wrong("A tool's name is a verb and an object in snake_case, at most 40 characters, like get_plan.");
  if (effect !== "read" && effect !== "write" && effect !== "destroy") return wrong(`An effect is read, write or destroy, not ${effect}.`);

  const tools = join(ROOT, "servers", server, "src/tools");
  const file = join(tools, `${name}.ts`);
  if (existsSync(file)) return wrong(`${file} is there already.`);
  const list = join(tools, "index.ts");
  const listed = addTool(readFileSync(list, "utf8"), name);
  writeFileSync(file, toolFile(name, effect));
  writeFileSync(join(tools, `${name}.test.ts`), toolTest(name));
  writeFileSync(list, listed);
  process.stdout.write(`Written: servers/${server}/src/tools/${name}.ts and its test; listed in index.ts. Then: pnpm catalog\n`);
  return 0;
}

function wrong(text: string): number {
  process.stderr.write(`${text}\n`);
  return 2;
}

process.exitCode = main(process.argv.slice(2));
