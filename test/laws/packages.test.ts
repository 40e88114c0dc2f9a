import { textLaw, type Violation } from "./law.ts";
import type { TextFile } from "./repository.ts";

interface Manifest {
  readonly private?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly scripts?: Record<string, string>;
}

function everyManifest(files: readonly TextFile[], applies: RegExp, fault: (manifest: Manifest) => string[]): Violation[] {
  return files
    .filter(({ path }) => applies.test(path))
    .flatMap(({ path, text }) => fault(JSON.parse(text) as Manifest).map((said) => `${path}: ${said}`));
}

textLaw("A published server has nothing to install: no dependencies", {
  check: (files) =>
    everyManifest(files, /^servers\/[^/]+\/package\.json$/, ({ dependencies = {}, peerDependencies = {} }) =>
      [...Object.keys(dependencies), ...Object.keys(peerDependencies)].map((name) => `depends on ${name}; bundle it (devDependencies)`),
    ),
  broken: { "servers/planted/package.json": '{ "dependencies": { "zod": "catalog:" } }' },
});

textLaw("Nothing runs while it is installed", {
  check: (files) =>
    everyManifest(files, /(^|\/)package\.json$/, ({ scripts = {} }) =>
      Object.keys(scripts)
        .filter((name) => /^(pre|post)?install$|^prepare$/.test(name))
        .map((name) => `has a script "${name}"`),
    ),
  broken: { "servers/planted/package.json": '{ "scripts": { "postinstall": "node x.js" } }' },
});

textLaw("Every version is in the catalog, once", {
  check: (files) =>
    everyManifest(
      files,
      /^(package\.json|(packages|servers)\/[^/]+\/package\.json)$/,
      ({ dependencies = {}, devDependencies = {}, peerDependencies = {} }) =>
        Object.entries({ ...dependencies, ...devDependencies, ...peerDependencies })
          .filter(([, version]) => version !== "catalog:" && version !== "workspace:*")
          .map(([name, version]) => `${name} ${version}`),
    ),
  broken: { "packages/planted/package.json": '{ "dependencies": { "zod": "^4.0.0" } }' },
});
