"""Drives a server by the Python SDK (`mcp`) or by FastMCP's client, and prints what they got as JSON.

Usage: sdk_client.py mcp|fastmcp MODE CALLS COMMAND ARG...   MODE: auto, legacy or a revision; CALLS as for bare_client.py
"""

import asyncio
import json
import os
import sys


def client_of(make, mode, command, arguments):
    if make == "mcp":
        from mcp import Client, StdioServerParameters

        return Client(StdioServerParameters(command=command, args=arguments, env=dict(os.environ)), mode=mode)
    from fastmcp import Client
    from fastmcp.client.transports import StdioTransport

    return Client(StdioTransport(command=command, args=arguments, env=dict(os.environ)), mode=mode)


async def main(make, mode, calls, command, *arguments):
    async with client_of(make, mode, command, list(arguments)) as client:
        listed = await (client.list_tools_mcp() if make == "fastmcp" else client.list_tools())
        answers = []
        for name, given in json.loads(calls):
            result = await (client.call_tool_mcp(name, given) if make == "fastmcp" else client.call_tool(name, given))
            answers.append(result.model_dump(by_alias=True, mode="json", exclude_none=True))
        found = {
            "protocol": client.protocol_version,
            "tools": [tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in listed.tools],
            "answers": answers,
        }
        print(json.dumps(found))


asyncio.run(main(*sys.argv[1:]))
