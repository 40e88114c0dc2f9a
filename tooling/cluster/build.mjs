// A Kubernetes API with real Flux controllers as plain programs, for tests: built by Go into our cache, once per version. Every
// module is checked by go.sum. Needs about 15 minutes of processor time and 5 GB of Go's caches; the result is 700 MB.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashFiles, partialFolder, settle } from "../setup/cache.mjs";
import { MissingPart, run, which } from "../setup/program.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const MODULE = join(HERE, "build");
const KUBERNETES = "1.36.3";
const FLUX = "2.9.5";

/** Package of each program, and the name that it has here. */
const PROGRAMS = {
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
  kubectl: "k8s.io/kubernetes/cmd/kubectl",
  etcd: "go.etcd.io/etcd/server/v3",
  kwok: "sigs.k8s.io/kwok/cmd/kwok",
  "source-controller": "github.com/fluxcd/source-controller",
  "kustomize-controller": "github.com/fluxcd/kustomize-controller",
  flux: "github.com/fluxcd/flux2/v2/cmd/flux",
};

/** Files of modules that a cluster starts with: by the folder that they are put in, the module and the folder that they come from. */
const FILES = {
  crds: [
    { module: "github.com/fluxcd/source-controller", folders: ["config/crd/bases"] },
    { module: "github.com/fluxcd/kustomize-controller", folders: ["config/crd/bases"] },
  ],
  // How kwok plays nodes and pods; the chaotic one fails containers that an annotation names.
  stages: [
    {
      module: "sigs.k8s.io/kwok",
      folders: ["node/fast", "node/heartbeat-with-lease", "pod/fast", "pod/chaos"].map((folder) => `kustomize/stage/${folder}`),
    },
  ],
};

/** Without these kube-apiserver calls itself v0.0.0, which clients refuse. */
const LINKER_FLAGS = [
  "-s -w",
  `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES}`,
  `-X k8s.io/client-go/pkg/version.gitVersion=v${KUBERNETES}`,
  `-X main.VERSION=${FLUX}`,
].join(" ");

/**
 * Where the programs of this version lie in the cache, built or not.
 * @param {string} cache
 */
export function clusterFolder(cache) {
  const files = readdirSync(MODULE, { recursive: true, encoding: "utf8" }).filter((name) => /\.(go|mod|sum)$/.test(name));
  const hash = hashFiles([...files.map((name) => join("build", name)), "build.mjs"], HERE).slice(0, 16);
  return join(cache, "cluster", hash);
}

/**
 * Finds or builds the programs. Resolves to a folder with `bin/`, `crds/` and `stages/`.
 * @param {{ cache: string, step: { update(text: string): void }, signal?: AbortSignal }} options
 * @throws MissingPart without Go, ProgramFailed
 */
export async function bringCluster({ cache, step, signal }) {
  const folder = clusterFolder(cache);
  if (existsSync(folder)) return folder;
  if (which("go") === undefined) throw new MissingPart("The test cluster is built by Go, which is not on PATH. Install Go 1.26 or newer.");
  const partial = partialFolder(cache, "cluster");
  const go = (args) =>
    run("go", args, { cwd: partial, env: { ...process.env, GOFLAGS: "" }, signal, onLine: (line) => step.update(line.slice(0, 100)) });
  try {
    cpSync(MODULE, partial, { recursive: true });
    step.update("fetching modules, 3 GB the first time");
    await copyFlux(partial);
    const out = join(partial, "out");
    for (const [name, source] of Object.entries(PROGRAMS)) {
      step.update(`building ${name}`);
      await go(["build", "-trimpath", "-ldflags", LINKER_FLAGS, "-o", join(out, "bin", name), source]);
    }
    for (const [target, sources] of Object.entries(FILES)) {
      mkdirSync(join(out, target), { recursive: true });
      for (const { module, folders } of sources) {
        const source = (await go(["list", "-m", "-f", "{{.Dir}}", module])).trim();
        for (const from of folders)
          for (const name of readdirSync(join(source, from)).filter((each) => each.endsWith(".yaml") && each !== "kustomization.yaml"))
            writeFileSync(join(out, target, name), readFileSync(join(source, from, name)));
      }
    }
    settle(out, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;

  /** The flux program embeds manifests that its module does not carry: a copy gets an empty one. */
  async function copyFlux(target) {
    const { Dir } = JSON.parse(await run("go", ["mod", "download", "-json", `github.com/fluxcd/flux2/v2@v${FLUX}`], { signal }));
    const copy = join(target, "flux2");
    cpSync(Dir, copy, { recursive: true, mode: 0 });
    await run("chmod", ["-R", "u+w", copy], { signal });
    mkdirSync(join(copy, "cmd/flux/manifests"), { recursive: true });
    writeFileSync(join(copy, "cmd/flux/manifests/none.yaml"), "# no manifests: nothing is installed by this program\n");
  }
}
