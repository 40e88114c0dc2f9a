// The pictures of the documentation show what the bins print now. Those that show this machine too are compared by `npm run screenshots -- --check`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { pictureOf, readPicture } from "../../tooling/screenshots/picture.ts";
import { sameButForTheMoment } from "../../tooling/screenshots/same-text.ts";
import { SCENES } from "../../tooling/screenshots/scenes.ts";
import { KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";
import { REPOSITORY } from "../support/mcp-client.ts";

test.concurrent.for(SCENES.filter(({ isOfMachine }) => !isOfMachine))(
  "the picture $name is what is printed",
  async ({ name, play }, { expect, skip }) => {
    skip(name === "diagnosis" && KUBECTL_MISSING !== undefined, KUBECTL_MISSING);
    const stage = await play(REPOSITORY);
    try {
      const now = readPicture(pictureOf(stage.written(), { scene: name, commands: stage.commands, version: "" })).lines;
      const committed = readPicture(readFileSync(join(REPOSITORY, "docs/images", `${name}.svg`), "utf8")).lines;
      expect(sameButForTheMoment(committed, now), `run npm run screenshots; it is now:\n${now.join("\n")}`).toBe(true);
    } finally {
      await stage.remove();
    }
  },
);
