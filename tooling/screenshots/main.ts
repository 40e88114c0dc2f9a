// `npm run screenshots [-- SCENE…]`: runs the scenes and writes docs/images/*.svg from what they print. `--check` runs them and compares.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pictureOf, readPicture } from "./picture.ts";
import { sameButForTheMoment } from "./same-text.ts";
import { SCENES } from "./scenes.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const IMAGES = join(ROOT, "docs", "images");
const args = process.argv.slice(2);
const isCheck = args.includes("--check");
const chosen = args.filter((arg) => !arg.startsWith("-"));

mkdirSync(IMAGES, { recursive: true });
for (const scene of SCENES.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
  const stage = await scene.play(ROOT);
  try {
    const { version } = JSON.parse(readFileSync(join(ROOT, "servers/terraform/package.json"), "utf8")) as { version: string };
    const picture = pictureOf(stage.written(), { scene: scene.name, commands: stage.commands, version });
    const file = join(IMAGES, `${scene.name}.svg`);
    if (!isCheck) writeFileSync(file, picture);
    const isSame = sameButForTheMoment(readPicture(readFileSync(file, "utf8")).lines, readPicture(picture).lines);
    process.stdout.write(
      `${isSame ? "✓" : "✗"} ${scene.name}: ${isCheck ? (isSame ? "as committed" : "prints something else now") : "written"}\n`,
    );
    if (!isSame) process.exitCode = 1;
  } finally {
    await stage.remove();
  }
}
