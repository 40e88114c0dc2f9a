// Lets the conformance suite be loaded by Node 20: it imports `globSync`, which `node:fs` has since Node 22, by name. The
// commands that we run never call it.
import { register } from "node:module";

register(new URL("./resolve.mjs", import.meta.url));
