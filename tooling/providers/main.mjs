// `npm run test:providers`: sets up, builds a few Terraform providers if need be, and runs the tests that want real ones.
import { runProject } from "../test/run-project.mjs";
import { bringProviders } from "./build.mjs";

await runProject({
  project: "providers",
  title: "Terraform providers",
  want: { tofu: true },
  async bring(options) {
    const folder = await bringProviders(options);
    return { env: { PLATFORM_OPS_TEST_PROVIDERS: folder }, where: folder };
  },
});
