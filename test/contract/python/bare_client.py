"""The programmatic client of the source document, in meaning: no SDK and no handshake. One JSON line out, one line in.

Usage: bare_client.py CALLS COMMAND ARG...   CALLS is JSON: [[tool, arguments], ...]; prints the answers as one JSON list.
"""

import json
import subprocess
import sys


class BareClient:
    def __init__(self, command):
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.last_id = 0

    def call_tool(self, name, arguments):
        self.last_id += 1
        call = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": name, "arguments": arguments}, "id": self.last_id}
        self.server.stdin.write(json.dumps(call) + "\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())

    def close(self):
        self.server.stdin.close()
        return self.server.wait(timeout=10)


client = BareClient(sys.argv[2:])
answers = [client.call_tool(name, arguments) for name, arguments in json.loads(sys.argv[1])]
print(json.dumps({"answers": answers, "exit_code": client.close()}))
