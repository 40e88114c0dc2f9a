import { z } from "zod";

// Before anything parses: zod would probe for `eval` and compile each object schema, which costs more than it brings here.
z.config({ jitless: true });
