import { OpsError, type ErrorCode } from "@platform-ops/errors";
import { isLoopback, type ConnectionTarget } from "../client/connection-target.ts";
import { lookAt, type Obstacle } from "./look.ts";

/** Why a Temporal cannot be used, for whoever set the connection up. */
export interface ConnectionFault {
  readonly obstacle: Obstacle;
  /** Without the address: "speaks no TLS". */
  readonly found: string;
  /** What a person does about it. */
  readonly cure: string;
}

type Words = (target: ConnectionTarget, about: string) => readonly [found: string, cure: string];

const told = (about: string, before = " (", after = ")"): string => (about === "" ? "" : `${before}${about}${after}`);

const OTHER_ADDRESS = "Correct temporal.address (TEMPORAL_ADDRESS): host and port of Temporal's frontend, 7233 by default.";
const CLOCK = "If it should be valid, look at the clock of this machine.";
const CLIENT_FILES = "temporal.tls.client_cert_path and client_key_path (TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH)";

const WORDS: Readonly<Record<Obstacle, Words>> = {
  name_unknown: () => [
    "its name is known to no name server that was asked",
    `${OTHER_ADDRESS} A name of a private network may need a VPN.`,
  ],
  refused: () => ["nothing listens there", `Start it, or correct temporal.address (TEMPORAL_ADDRESS).`],
  unreachable: () => [
    "there is no way to it from here",
    "Check the network (VPN, routes, firewall), and temporal.address (TEMPORAL_ADDRESS).",
  ],
  silent: () => [
    "it does not answer: no connection was accepted in time",
    "Check whether a firewall or a missing VPN is in the way, and temporal.address (TEMPORAL_ADDRESS).",
  ],
  no_grpc: () => ["something listens there, but it does not speak Temporal's protocol (gRPC)", OTHER_ADDRESS],
  no_temporal: () => ["a gRPC server is there, but no Temporal", OTHER_ADDRESS],
  not_serving: (_, about) => [
    `something answers for Temporal there, but it does not serve${told(about)}`,
    "Look at the state of the Temporal server, and of a proxy before it.",
  ],
  tls_wanted: () => [
    "it wants TLS, and TLS is not switched on here",
    "Set temporal.tls.enabled: true (TEMPORAL_TLS=true), or what else it needs: an API key or certificates switch it on too.",
  ],
  tls_not_spoken: ({ apiKey, address }) => [
    "it speaks no TLS, and the settings ask for it",
    apiKey === undefined || isLoopback(address)
      ? "Set temporal.tls.enabled: false (TEMPORAL_TLS=false) and leave certificates out if the way there is private, or correct temporal.address."
      : "Correct temporal.address (TEMPORAL_ADDRESS): an API key is never sent without TLS.",
  ],
  certificate_untrusted: ({ tls }) =>
    typeof tls === "object" && tls.serverRootCACertificate !== undefined
      ? [
          "its certificate comes from another authority than the one in temporal.tls.server_ca_cert_path",
          "Put the certificate of the authority that made it into that file, and the ones between them too.",
        ]
      : [
          "its certificate comes from no authority that is known here",
          "Name the file with its authority's certificate in temporal.tls.server_ca_cert_path (TEMPORAL_TLS_SERVER_CA_CERT_PATH).",
        ],
  certificate_other_name: ({ address, tls }, about) => {
    const asked = typeof tls === "object" ? tls.serverNameOverride : undefined;
    return [
      `its certificate is not for the name ${asked ?? address.replace(/:\d+$/, "")}${told(about, ", but for ", "")}`,
      "Correct temporal.address, or say the name that the certificate bears in temporal.tls.server_name (TEMPORAL_TLS_SERVER_NAME).",
    ];
  },
  certificate_expired: (_, about) => [
    `its certificate, or one of those that vouch for it, has expired${told(about, " (on ")}`,
    `It must be renewed on the server. ${CLOCK}`,
  ],
  certificate_not_yet_valid: () => ["its certificate is not valid yet", CLOCK],
  client_certificate_unusable: (_, about) => [`our client certificate cannot be used: ${about}`, `Correct ${CLIENT_FILES}.`],
  client_certificate_expired: (_, about) => [
    `our client certificate has expired${told(about, " (on ")}`,
    `Get a new one, and name it and its key in ${CLIENT_FILES}. ${CLOCK}`,
  ],
  client_certificate_missing: () => ["it asks for a client certificate, and none is set", `Name certificate and key in ${CLIENT_FILES}.`],
  client_certificate_refused: () => [
    "it does not accept our client certificate",
    `Name one that its authority has made in ${CLIENT_FILES}.`,
  ],
  ends_after_handshake: ({ tls }) => [
    "it ends the connection right after the TLS handshake",
    typeof tls === "object" && tls.clientCertPair !== undefined
      ? `It may not accept our client certificate (${CLIENT_FILES}). Else: ${OTHER_ADDRESS}`
      : `It may ask for a client certificate: ${CLIENT_FILES}. Else: ${OTHER_ADDRESS}`,
  ],
  credentials_refused: ({ apiKey, tls, namespace }) => {
    if (apiKey !== undefined)
      return [
        `it refuses the API key for the namespace ${namespace}`,
        "The key is wrong, has ended, was revoked, or has no right there: make a new one, and give it as TEMPORAL_API_KEY.",
      ];
    if (typeof tls === "object" && tls.clientCertPair !== undefined)
      return [
        `it gives our client certificate no right to the namespace ${namespace}`,
        "Check temporal.namespace (TEMPORAL_NAMESPACE), and who the certificate says that we are.",
      ];
    return [`it gives nobody without credentials a right to the namespace ${namespace}`, `Set TEMPORAL_API_KEY, or ${CLIENT_FILES}.`];
  },
};

/** The words for an obstacle. */
export function faultOf(obstacle: Obstacle, target: ConnectionTarget, about = ""): ConnectionFault {
  const [found, cure] = WORDS[obstacle](target, about);
  return { obstacle, found, cure };
}

/** Why the Temporal of a target cannot be used; undefined where nothing is seen that stands in the way. Each of its few steps takes `stepMs` at most. */
export async function connectionFault(target: ConnectionTarget, stepMs: number): Promise<ConnectionFault | undefined> {
  const sight = await lookAt(target, stepMs);
  return sight.obstacle === undefined ? undefined : faultOf(sight.obstacle, target, sight.about);
}

/** What is a matter of who we are; another try changes nothing. */
const DENIED: ReadonlySet<Obstacle> = new Set([
  "client_certificate_unusable",
  "client_certificate_expired",
  "client_certificate_missing",
  "client_certificate_refused",
  "credentials_refused",
]);

/** The same, as the failure of a call. */
export function failureOf({ obstacle, found, cure }: ConnectionFault, { address, mode }: ConnectionTarget, cause?: unknown): OpsError {
  const code: ErrorCode = DENIED.has(obstacle) ? "temporal_denied" : "temporal_unavailable";
  return new OpsError(code, `Temporal at ${address} cannot be used: ${found}.`, {
    hint: cure,
    details: { address, mode, reason: obstacle },
    cause,
  });
}
