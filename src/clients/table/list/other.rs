//! Clients that are not known by name, but spell their entries like one that is.

use super::super::shapes::ANY;
use super::super::{Client, ClientFile, Expansion, HandsDown, Keys, Scope};
use crate::clients::document::Format;

/// A client that is not known by name. What it does with a text is not known either, so nothing in it counts as
/// expanded.
pub static OTHER: Client = Client {
    id: "other",
    name: "another client",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[],
            format: Format::Jsonc,
            servers: JSON,
            shape: &ANY,
        },
        ClientFile {
            scope: Scope::User,
            rules: &[],
            format: Format::Toml,
            servers: &[&["mcp_servers"], &["mcpServers"]],
            shape: &ANY,
        },
        ClientFile {
            scope: Scope::User,
            rules: &[],
            format: Format::Yaml,
            servers: &[
                &["mcpServers"],
                &["mcp_servers"],
                &["extensions"],
                &["servers"],
            ],
            shape: &ANY,
        },
    ],
    expansion: Expansion::NONE,
    rewrites: false,
    processes: &[],
    reload: "start the client again",
    hands_down: HandsDown::Unknown,
};

const JSON: &[Keys] = &[
    &["mcpServers"],
    &["servers"],
    &["context_servers"],
    &["mcp_servers"],
    &["mcp", "servers"],
    &["mcp.servers"],
    &["mcp"],
    &["projects", "*", "mcpServers"],
    &["powers", "mcpServers"],
    &["settings", "mcp", "servers"],
    &["amp.mcpServers"],
    &["customizations", "vscode", "mcp", "servers"],
];
