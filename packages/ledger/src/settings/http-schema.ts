import { z } from "zod";
import { SETTING_FACTS } from "./setting-facts.ts";

const path = z
  .string()
  .min(1)
  .max(4096)
  .refine((value) => !value.includes("\0"), "must not hold a NUL character");
const host = z
  .string()
  .regex(/^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45})$/, "must be a host's name or address, without a port");

const limits = z.strictObject({
  body_bytes: z.int().min(1024).max(10_485_760).optional(),
  body_seconds: z.number().min(0.1).max(300).optional(),
  concurrent_requests: z.int().min(1).max(10_000).optional(),
  concurrent_requests_per_principal: z.int().min(1).max(10_000).optional(),
  connections: z.int().min(1).max(50_000).optional(),
  sessions: z.int().min(1).max(100_000).optional(),
  sessions_per_principal: z.int().min(1).max(100_000).optional(),
  session_idle_minutes: z.number().min(0.01).max(10_080).optional(),
  requests_per_second: z.number().min(0.1).max(100_000).optional(),
  burst: z.int().min(1).max(100_000).optional(),
  drain_seconds: z.number().min(0).max(600).optional(),
});

const listenOn = host
  .optional()
  .describe("Where `http` listens: localhost (both of its addresses) by default. Anything but loopback needs tokens and TLS.");
const authentication = z
  .enum(["token", "none"])
  .optional()
  .describe("Who may call: those with a bearer token (`token create`), or, on loopback only, every program of this machine (`none`).");
const tls = z
  .strictObject({ cert_path: path, key_path: path, client_ca_path: path.optional() })
  .optional()
  .describe("Certificate and key (PEM); with client_ca_path also clients must show a certificate.");
const allowedHosts = z
  .array(host)
  .min(1)
  .max(100)
  .optional()
  .describe("Names by which clients reach the server besides the one that it listens on; any other Host is refused.");
const allowedOrigins = z
  .array(z.string().regex(/^https?:\/\/[^\s/]{1,300}$/, "must be scheme://host[:port], as browsers send it"))
  .max(100)
  .optional()
  .describe("Origins of web pages that may call; none by default.");

/** Section `http` of the operator's file. Only the port may be said elsewhere. */
export const http = z.strictObject({
  port: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe("Port of `http`; 0: a free one, which is printed.")
    .register(SETTING_FACTS, { flag: "port", default: 0, example: "8720" }),
  host: listenOn,
  authentication,
  tls,
  allowed_hosts: allowedHosts,
  allowed_origins: allowedOrigins,
  limits: limits.optional().describe("Bounds of `http`: see the guide."),
});

/** What of section `http` is policy. */
export const httpPolicy = z.strictObject({
  host: listenOn,
  authentication,
  tls,
  allowed_hosts: allowedHosts,
  allowed_origins: allowedOrigins,
  limits: limits.optional(),
});
export type HttpPolicy = z.infer<typeof httpPolicy>;
