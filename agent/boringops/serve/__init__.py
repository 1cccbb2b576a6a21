"""boringops as a server for other programs: MCP, A2A and ACP, each an extra, all over one `Desk`."""
