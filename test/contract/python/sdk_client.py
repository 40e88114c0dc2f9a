"""Drives servers by the Python SDK (`mcp`) or by FastMCP's client, and prints what they got of each as a JSON list.

Usage: sdk_client.py mcp|fastmcp MODE SERVERS   MODE: auto, legacy or a revision; SERVERS is JSON:
[{"command": [...], "calls": [[tool, arguments], ...]}, ...]; a command [address, token] is called over HTTP
"""

import asyncio
import json
import os
import sys


def client_of(make, mode, command, arguments):
    if command.startswith("http"):
        return http_client_of(make, mode, command, {"Authorization": "Bearer " + arguments[0]})
    if make == "mcp":
        from mcp import Client, StdioServerParameters

        return Client(StdioServerParameters(command=command, args=arguments, env=dict(os.environ)), mode=mode)
    from fastmcp import Client
    from fastmcp.client.transports import StdioTransport

    return Client(StdioTransport(command=command, args=arguments, env=dict(os.environ)), mode=mode)


async def drive(make, mode, calls, command, *arguments):
    async with client_of(make, mode, command, list(arguments)) as client:
        listed = await (client.list_tools_mcp() if make == "fastmcp" else client.list_tools())
        answers = []
        for name, given in calls:
            result = await (client.call_tool_mcp(name, given) if make == "fastmcp" else client.call_tool(name, given))
            answers.append(result.model_dump(by_alias=True, mode="json", exclude_none=True))
        return {
            "protocol": client.protocol_version,
            "tools": [tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in listed.tools],
            "answers": answers,
        }


def http_client_of(make, mode, url, headers):
    if make == "mcp":
        import httpx2
        from mcp import Client
        from mcp.client.streamable_http import streamable_http_client

        return Client(streamable_http_client(url, http_client=httpx2.AsyncClient(headers=headers, timeout=30)), mode=mode)
    from fastmcp import Client
    from fastmcp.client.transports import StreamableHttpTransport

    return Client(StreamableHttpTransport(url, headers=headers), mode=mode)


async def main(make, mode, servers):
    print(json.dumps([await drive(make, mode, server["calls"], *server["command"]) for server in json.loads(servers)]))


asyncio.run(main(*sys.argv[1:]))
