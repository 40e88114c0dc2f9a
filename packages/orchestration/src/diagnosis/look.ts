import { X509Certificate, createPrivateKey } from "node:crypto";
import { lookup } from "node:dns/promises";
import { connect, type Socket } from "node:net";
import { splitAddress, type ConnectionTarget, type TargetTls } from "../client/connection-target.ts";
import { askSystemInfo, type GrpcAnswer } from "./grpc-question.ts";
import { codeOf, isAlert, shakeHands, type Handshake } from "./tls-handshake.ts";

/** What stands in the way to a Temporal. Programs know it by this word; people by `connection-fault.ts`. */
export type Obstacle =
  | "name_unknown"
  | "refused"
  | "unreachable"
  | "silent"
  | "no_grpc"
  | "no_temporal"
  | "not_serving"
  | "tls_wanted"
  | "tls_not_spoken"
  | "certificate_untrusted"
  | "certificate_other_name"
  | "certificate_expired"
  | "certificate_not_yet_valid"
  | "client_certificate_unusable"
  | "client_certificate_expired"
  | "client_certificate_missing"
  | "client_certificate_refused"
  | "ends_after_handshake"
  | "credentials_refused";

/** What was seen there. */
export type Sight =
  | { readonly obstacle: Obstacle; readonly about?: string }
  /** A Temporal answered; by how many milliseconds its side's clock is ahead of ours, where that was told. */
  | { readonly obstacle: undefined; readonly aheadMs?: number };

/**
 * Looks what is at a target's address, one layer after the other, as the SDK would go there: name, connection, TLS, gRPC, Temporal.
 * Credentials travel only where the SDK would send them too. Each step has `timeoutMs`; never throws.
 */
export async function lookAt(target: ConnectionTarget, timeoutMs: number): Promise<Sight> {
  const reached = await reach(target.address, timeoutMs);
  if (typeof reached === "string") return { obstacle: reached };
  if (target.tls === undefined || target.tls === false) return await lookPlain(reached, target, timeoutMs);
  reached.destroy();
  const own = typeof target.tls === "object" ? ownCertificate(target.tls) : undefined;
  return own ?? (await lookByTls(target, timeoutMs));
}

/** A connection, or why there is none. */
async function reach(address: string, timeoutMs: number): Promise<Socket | "name_unknown" | "refused" | "unreachable" | "silent"> {
  const { host, port } = splitAddress(address);
  try {
    await lookup(host);
  } catch {
    return "name_unknown";
  }
  return await new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (seen: "refused" | "unreachable" | "silent"): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(seen);
    };
    const timer = setTimeout(end, timeoutMs, "silent" as const);
    const fail = (error: Error): void =>
      end(codeOf(error) === "ECONNREFUSED" ? "refused" : codeOf(error) === "ETIMEDOUT" ? "silent" : "unreachable");
    socket.once("error", fail);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

/** What is wrong with our own certificate, seen without anybody else. */
function ownCertificate({ clientCertPair }: TargetTls): Sight | undefined {
  if (clientCertPair === undefined) return undefined;
  try {
    const certificate = new X509Certificate(clientCertPair.crt);
    if (!certificate.checkPrivateKey(createPrivateKey(clientCertPair.key)))
      return { obstacle: "client_certificate_unusable", about: "the key is not of that certificate" };
    if (Date.parse(certificate.validTo) < Date.now()) return { obstacle: "client_certificate_expired", about: day(certificate.validTo) };
    return undefined;
  } catch {
    return { obstacle: "client_certificate_unusable", about: "one of the two files holds no certificate or no key in PEM" };
  }
}

async function lookPlain(socket: Socket, target: ConnectionTarget, timeoutMs: number): Promise<Sight> {
  try {
    return judged(await askSystemInfo(socket, target.address, headersOf(target), timeoutMs));
  } catch {
    return { obstacle: (await speaksTls(target, timeoutMs)) ? "tls_wanted" : "no_grpc" };
  }
}

async function speaksTls({ mode, address, namespace }: ConnectionTarget, timeoutMs: number): Promise<boolean> {
  try {
    (await shakeHands({ mode, address, namespace, tls: true }, timeoutMs)).socket.destroy();
    return true;
  } catch (error) {
    return isAlert(codeOf(error));
  }
}

async function lookByTls(target: ConnectionTarget, timeoutMs: number): Promise<Sight> {
  let hands: Handshake;
  try {
    hands = await shakeHands(target, timeoutMs);
  } catch (error) {
    return refusal(codeOf(error), target) ?? { obstacle: (await speaksPlainGrpc(target, timeoutMs)) ? "tls_not_spoken" : "no_grpc" };
  }
  const { socket, mistrust } = hands;
  if (mistrust !== undefined) {
    socket.destroy();
    return mistrusted(hands, mistrust);
  }
  const isHttp2 = socket.alpnProtocol === "h2";
  try {
    return judged(await askSystemInfo(socket, target.address, headersOf(target), timeoutMs));
  } catch (error) {
    // Since TLS 1.3 a server judges our certificate after its own handshake.
    const refused = refusal(codeOf(error), target);
    if (refused !== undefined) return refused;
    return { obstacle: isHttp2 && codeOf(error) !== "ETIMEDOUT" ? "ends_after_handshake" : "no_grpc" };
  }
}

/** Without anything that is nobody else's business: what would travel over TLS does not travel here. */
async function speaksPlainGrpc({ address }: ConnectionTarget, timeoutMs: number): Promise<boolean> {
  const socket = await reach(address, timeoutMs);
  if (typeof socket === "string") return false;
  return await askSystemInfo(socket, address, {}, timeoutMs).then(
    ({ grpc }) => grpc !== undefined,
    () => false,
  );
}

/** An alert of the other side (RFC 8446 §6.2): what it has against our certificate, or against there being none. */
function refusal(code: string, { tls }: ConnectionTarget): Sight | undefined {
  if (!isAlert(code)) return undefined;
  if (/UNRECOGNIZED_NAME/.test(code)) return { obstacle: "certificate_other_name" };
  if (/NO_APPLICATION_PROTOCOL/.test(code)) return { obstacle: "no_grpc" };
  const hasOwn = typeof tls === "object" && tls.clientCertPair !== undefined;
  if (/CERTIFICATE_EXPIRED/.test(code)) return { obstacle: "client_certificate_expired" };
  if (/CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED|DECRYPT_ERROR/.test(code))
    return { obstacle: hasOwn ? "client_certificate_refused" : "client_certificate_missing" };
  return { obstacle: "ends_after_handshake" };
}

function mistrusted({ certificate }: Handshake, code: string): Sight {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const names = namesOf(certificate.subjectaltname ?? "");
    return { obstacle: "certificate_other_name", ...(names === "" ? {} : { about: names }) };
  }
  if (code === "CERT_HAS_EXPIRED") {
    // Of the chain, another one may be meant.
    const ended = Date.parse(certificate.valid_to ?? "");
    return { obstacle: "certificate_expired", ...(ended < Date.now() ? { about: day(certificate.valid_to ?? "") } : {}) };
  }
  if (code === "CERT_NOT_YET_VALID") return { obstacle: "certificate_not_yet_valid" };
  return { obstacle: "certificate_untrusted" };
}

/** At most five names of a certificate, of the letters that names have: it is somebody else's text. */
function namesOf(subjectAltName: string): string {
  const names = [...subjectAltName.matchAll(/(?:DNS|IP Address):([A-Za-z0-9.*:_-]{1,100})/g)].map(([, name]) => name);
  return names.slice(0, 5).join(", ");
}

const day = (time: string): string => new Date(time).toISOString().slice(0, 10);

function headersOf({ apiKey, metadata }: ConnectionTarget): Record<string, string> {
  return { ...metadata, ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) };
}

/** PERMISSION_DENIED and UNAUTHENTICATED, 12 is UNIMPLEMENTED. */
const DENIED = new Set([7, 16]);
const UNIMPLEMENTED = 12;

function judged({ http, grpc, date }: GrpcAnswer): Sight {
  if (grpc === 0) {
    const told = Date.parse(date ?? "");
    return { obstacle: undefined, ...(Number.isNaN(told) ? {} : { aheadMs: told - Date.now() }) };
  }
  if (grpc === undefined) {
    if (http === 401 || http === 403) return { obstacle: "credentials_refused" };
    return http >= 502 && http <= 504 ? { obstacle: "not_serving", about: `HTTP ${http}` } : { obstacle: "no_grpc" };
  }
  if (DENIED.has(grpc)) return { obstacle: "credentials_refused" };
  return grpc === UNIMPLEMENTED ? { obstacle: "no_temporal" } : { obstacle: "not_serving", about: `gRPC status ${grpc}` };
}
