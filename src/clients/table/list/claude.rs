//! Claude Desktop and Claude Code.

use super::super::place::{home, linux, mac, project, variable, windows, windows_local};
use super::super::shapes::{TYPED, UNSWITCHED};
use super::super::{Client, ClientFile, Expansion, Form, HandsDown, Keys, Part, Scope};
use super::MCP_SERVERS;
use crate::clients::document::Format;

/// Builds from Microsoft's store see a folder of their own in the place of `APPDATA` (as seen by others; not
/// checked).
pub(super) static DESKTOP: Client = Client {
    id: "claude-desktop",
    name: "Claude Desktop",
    files: &[ClientFile {
        scope: Scope::User,
        rules: &[
            mac("Claude/claude_desktop_config.json"),
            windows("Claude/claude_desktop_config.json"),
            linux("Claude/claude_desktop_config.json"),
            windows_local("Packages/Claude_*/LocalCache/Roaming/Claude/claude_desktop_config.json"),
        ],
        format: Format::Json,
        servers: MCP_SERVERS,
        shape: &UNSWITCHED,
    }],
    expansion: Expansion::NONE,
    rewrites: true,
    processes: &["claude", "claude-desktop"],
    reload: "quit Claude Desktop and start it again",
    hands_down: HandsDown::Few,
};

/// The user's file holds much else and is written all the time while the client runs; servers that are meant for one
/// project and one user stand under that project in it.
pub(super) static CODE: Client = Client {
    id: "claude-code",
    name: "Claude Code",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[
                variable("CLAUDE_CONFIG_DIR", ".claude.json"),
                home(".claude.json"),
            ],
            format: Format::Json,
            servers: USER,
            shape: &TYPED,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".mcp.json")],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &TYPED,
        },
    ],
    expansion: Expansion {
        forms: &[Form::Braces, Form::BracesOrText],
        parts: &[
            Part::Command,
            Part::Arguments,
            Part::Variables,
            Part::Url,
            Part::Headers,
        ],
        only_approved: false,
    },
    rewrites: true,
    processes: &["claude"],
    reload: "start a new session of claude",
    hands_down: HandsDown::Few,
};

const USER: &[Keys] = &[&["mcpServers"], &["projects", "*", "mcpServers"]];
