import { path } from "./shape/atoms.ts";
import { choice, map, number, optional, pattern, setting, text, truth, whole } from "./shape/shape.ts";

const words = { min: 1, max: 500 };

const tls = map({
  enabled: setting(truth(), "Use TLS to the cluster.", { env: ["TEMPORAL_TLS"], example: "true" }),
  server_name: setting(text(words), "The name that the cluster's certificate bears.", {
    env: ["TEMPORAL_TLS_SERVER_NAME"],
    example: "temporal.example.com",
  }),
  server_ca_cert_path: setting(path, "Certificates that vouch for the cluster (PEM).", {
    env: ["TEMPORAL_TLS_SERVER_CA_CERT_PATH"],
    example: "/etc/ssl/temporal-ca.pem",
  }),
  client_cert_path: setting(path, "Our certificate for mTLS (PEM).", {
    env: ["TEMPORAL_TLS_CLIENT_CERT_PATH"],
    example: "/etc/ssl/temporal-client.pem",
  }),
  client_key_path: setting(path, "The private key of our certificate (PEM).", {
    env: ["TEMPORAL_TLS_CLIENT_KEY_PATH"],
    example: "/etc/ssl/temporal-client.key",
  }),
});

const address = pattern(/^(local|[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]+\]:\d{1,5})$/, "must be host:port, or local");
const namespace = pattern(/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/, "must be a namespace's name");
const queue = pattern(/^[A-Za-z0-9._@/-]+$/, "must be letters, digits and . _ @ / -", words);

/** Section `temporal` of the operator's file. */
export const temporal = map({
  address: setting(address, "Temporal's address; without one, or with `local`, a local Temporal is kept for you.", {
    env: ["TEMPORAL_ADDRESS", "TEMPORAL_HOST"],
    example: "temporal.example.com:7233",
  }),
  namespace: setting(namespace, "Temporal's namespace.", { env: ["TEMPORAL_NAMESPACE"], default: "default", example: "platform" }),
  api_key: setting(text({ min: 1, max: 20_000 }), "API key of a Temporal cluster.", {
    env: ["TEMPORAL_API_KEY"],
    secret: true,
    example: "TEMPORAL_API_KEY=… in the environment",
  }),
  tls: optional(tls),
  binary: setting(path, "The `temporal` program for local Temporal.", { example: "/usr/local/bin/temporal" }),
  port: setting(whole(1024, 65_535), "Port of local Temporal; by default a free one that stays the same.", { example: "17233" }),
  task_queue: setting(
    queue,
    "Task queue in a cluster. Each server has its own of that name: `heavy` is `terraform@heavy` of one and `meta-workflows@heavy` of the other.",
    {
      env: ["TEMPORAL_TASK_QUEUE"],
      example: "heavy",
    },
  ),
  workers: setting(choice(["local", "external"]), "Who runs the workers: this machine, or somebody else.", {
    default: "local",
    example: "external",
  }),
  idle_minutes: setting(number(0.05, 100_000), "Minutes without open runs and callers after which local Temporal stops.", {
    default: 30,
    example: "30",
  }),
  worker_grace_seconds: setting(
    whole(0, 86_400),
    "In a cluster: how long a worker that is told to end waits for the programs that it runs. 0: they go on by themselves and the next worker follows them. In a container they would end with it.",
    { default: 0, example: "600" },
  ),
  profile: setting(text(words), "Profile in Temporal's own configuration file.", { env: ["TEMPORAL_PROFILE"], example: "prod" }),
  config_file: setting(path, "Temporal's own configuration file.", {
    env: ["TEMPORAL_CONFIG_FILE"],
    example: "~/.config/temporalio/temporal.toml",
  }),
});
