// The HTTP face: loaded by the subcommand `http` only. It brings the SDK, node:http and its own copy of what answers calls.
import "./start-up/jitless.ts";

export { serveHttp, type HttpServing, type Served } from "./http/serve-http.ts";
