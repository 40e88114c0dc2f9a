import { readFileSync } from "node:fs";
import { OpsError } from "@platform-ops/errors";
import type { ClientConfigProfile, ConfigDataSource } from "@temporalio/envconfig";
import { isLoopback, type ConnectionTarget, type TargetTls } from "./connection-target.ts";

/** What the operator's settings say of the connection, already merged from flags, environment and file. */
export interface TemporalConnectionSettings {
  readonly address?: string | undefined;
  readonly namespace: string;
  readonly api_key?: string | undefined;
  readonly profile?: string | undefined;
  readonly config_file?: string | undefined;
  readonly tls?: {
    readonly enabled?: boolean;
    readonly server_name?: string;
    readonly server_ca_cert_path?: string;
    readonly client_cert_path?: string;
    readonly client_key_path?: string;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

const BOOLEANS: Readonly<Record<string, string>> = {
  "1": "true",
  true: "true",
  yes: "true",
  on: "true",
  "0": "false",
  false: "false",
  no: "false",
  off: "false",
};
const BOOLEAN_NAMES = ["TEMPORAL_TLS", "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"];
const META_PREFIX = "TEMPORAL_GRPC_META_";
/** Read by our own settings, with aliases and provenance; here they come in as settings. */
const OURS = new Set(["TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"]);

function cleaned(env: Environment, problems: string[]): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [name, raw] of Object.entries(env)) {
    const value = raw?.trim();
    if (!value || OURS.has(name) || name.startsWith(META_PREFIX)) continue;
    if (!name.startsWith("TEMPORAL_") && !["HOME", "XDG_CONFIG_HOME", "APPDATA"].includes(name)) continue;
    if (!BOOLEAN_NAMES.includes(name)) {
      clean[name] = value;
      continue;
    }
    const normal = BOOLEANS[value.toLowerCase()];
    if (normal === undefined) problems.push(`${name}: accepts true or false, e.g. ${name}=true.`);
    else clean[name] = normal;
  }
  if (clean["TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"] === "true") {
    problems.push("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: not supported; name the authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH instead.");
  }
  return clean;
}

/** Our settings over the environment, in envconfig's words. */
function tlsSettings({ tls }: TemporalConnectionSettings): Record<string, string> {
  const named = {
    TEMPORAL_TLS: tls?.enabled?.toString(),
    TEMPORAL_TLS_SERVER_NAME: tls?.server_name,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: tls?.server_ca_cert_path,
    TEMPORAL_TLS_CLIENT_CERT_PATH: tls?.client_cert_path,
    TEMPORAL_TLS_CLIENT_KEY_PATH: tls?.client_key_path,
  };
  return Object.fromEntries(Object.entries(named).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** TEMPORAL_GRPC_META_X_Y → header x-y. envconfig turns only the first underscore; a header name never holds one. */
function headers(env: Environment): Record<string, string> {
  const found = Object.entries(env).filter(
    ([name, value]) => name.startsWith(META_PREFIX) && name.length > META_PREFIX.length && value?.trim(),
  );
  return Object.fromEntries(
    found.map(([name, value]) => [name.slice(META_PREFIX.length).toLowerCase().replaceAll("_", "-"), (value ?? "").trim()]),
  );
}

async function readProfile(settings: TemporalConnectionSettings, env: Record<string, string>): Promise<ClientConfigProfile> {
  const { loadClientConfigProfile } = await import("@temporalio/envconfig");
  const { profile, config_file: file } = settings;
  const named = profile !== undefined || file !== undefined;
  try {
    // Without a name the user's own default profile is not read: it could send local runs to a company's cluster.
    return loadClientConfigProfile({
      overrideEnvVars: env,
      disableFile: !named,
      ...(profile === undefined ? {} : { profile }),
      // Read here: envconfig takes a named file that is not there for an empty one.
      ...(file === undefined ? {} : { configSource: { data: readFileSync(file) } }),
    });
  } catch (error) {
    throw new OpsError("settings_invalid", "Temporal's configuration file cannot be used.", {
      hint: "Check temporal.profile (TEMPORAL_PROFILE) and temporal.config_file (TEMPORAL_CONFIG_FILE).",
      details: {
        problems: [
          `temporal.profile: the profile ${JSON.stringify(profile ?? "default")} could not be read from ${file ?? "the user's temporal.toml"}.`,
        ],
      },
      cause: error,
    });
  }
}

function bytes(source: ConfigDataSource | undefined, name: string, problems: string[]): Buffer | undefined {
  if (source === undefined) return undefined;
  if ("data" in source) return Buffer.from(source.data);
  try {
    return readFileSync(source.path);
  } catch {
    problems.push(`${name}: the file ${source.path} cannot be read.`);
    return undefined;
  }
}

function tlsOf(profile: ClientConfigProfile, problems: string[]): boolean | TargetTls | undefined {
  const tls = profile.tls;
  if (tls === undefined) return profile.apiKey === undefined ? undefined : true;
  if (tls.disabled === true) return false;
  if ((tls.clientCert === undefined) !== (tls.clientKey === undefined)) {
    problems.push("TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH: both or neither; one of them is not set.");
  }
  const crt = bytes(tls.clientCert, "TEMPORAL_TLS_CLIENT_CERT_PATH", problems);
  const key = bytes(tls.clientKey, "TEMPORAL_TLS_CLIENT_KEY_PATH", problems);
  const authority = bytes(tls.serverCACert, "TEMPORAL_TLS_SERVER_CA_CERT_PATH", problems);
  if (tls.serverName === undefined && authority === undefined && crt === undefined)
    return tls.disabled === undefined && profile.apiKey === undefined ? undefined : true;
  return {
    ...(tls.serverName === undefined ? {} : { serverNameOverride: tls.serverName }),
    ...(authority === undefined ? {} : { serverRootCACertificate: authority }),
    ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
  };
}

/**
 * Where the operator wants Temporal: his settings over the TLS and header variables of Temporal's own environment
 * configuration, and a profile where one is named. `undefined` means: no address, so the local Temporal.
 *
 * Stricter than `@temporalio/envconfig` where that is dangerous: blank is unset, booleans are normalised (TRUE would have
 * turned TLS off), a key needs its certificate, an API key never travels without TLS except on loopback.
 * @throws OpsError settings_invalid, with all problems in `details.problems`.
 */
export async function connectionTarget(settings: TemporalConnectionSettings, env: Environment): Promise<ConnectionTarget | undefined> {
  const problems: string[] = [];
  const read = await readProfile(settings, { ...cleaned(env, problems), ...tlsSettings(settings) });
  const address = settings.address?.trim() || read.address;
  const apiKey = settings.api_key?.trim() || read.apiKey;
  const profile: ClientConfigProfile = { ...read, ...(apiKey === undefined ? {} : { apiKey }) };
  const tls = tlsOf(profile, problems);
  if (
    address === undefined &&
    (apiKey !== undefined || tls !== undefined || settings.profile !== undefined || settings.config_file !== undefined)
  ) {
    problems.push(
      "temporal.address (TEMPORAL_ADDRESS): not set, though credentials, TLS or a profile are, e.g. TEMPORAL_ADDRESS=temporal.example.com:7233.",
    );
  }
  if (address !== undefined && !/^(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.test(address)) {
    problems.push("temporal.address (TEMPORAL_ADDRESS): accepts host:port, e.g. temporal.example.com:7233.");
  }
  if (apiKey !== undefined && tls === false && address !== undefined && !isLoopback(address)) {
    problems.push("TEMPORAL_API_KEY: refused while TEMPORAL_TLS is false, because the key would travel in clear text.");
  }
  if (problems.length > 0)
    throw new OpsError("settings_invalid", `The Temporal connection is set wrongly: ${problems.join(" ")}`, { details: { problems } });
  if (address === undefined) return undefined;
  const metadata = { ...read.grpcMeta, ...headers(env) };
  return {
    mode: "cluster",
    address,
    namespace: settings.namespace === "default" ? (read.namespace ?? "default") : settings.namespace,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(tls === undefined ? {} : { tls }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}
