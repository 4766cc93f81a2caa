//! Amazon Q, which became Kiro.

use super::super::place::{home, project};
use super::super::shapes::COMMON;
use super::super::{Client, ClientFile, Expansion, Form, HandsDown, Part, Scope};
use super::MCP_SERVERS;
use crate::clients::document::Format;

/// What the client itself was started with wins over what the entry names.
pub(super) static Q: Client = Client {
    id: "amazon-q",
    name: "Amazon Q",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[
                home(".aws/amazonq/mcp.json"),
                home(".aws/amazonq/default.json"),
            ],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
        ClientFile {
            scope: Scope::Agent,
            rules: &[
                home(".aws/amazonq/cli-agents/*.json"),
                home(".aws/amazonq/agents/*.json"),
            ],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[
                project(".amazonq/mcp.json"),
                project(".amazonq/default.json"),
            ],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
        ClientFile {
            scope: Scope::ProjectAgent,
            rules: &[
                project(".amazonq/cli-agents/*.json"),
                project(".amazonq/agents/*.json"),
            ],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
    ],
    expansion: Expansion {
        forms: &[Form::BracesEnv, Form::Dollar, Form::Tilde],
        parts: &[Part::Command, Part::Variables, Part::Headers],
        only_approved: false,
    },
    rewrites: false,
    processes: &["q", "qchat"],
    reload: "start a new session of q chat",
    hands_down: HandsDown::EverythingFirst,
};
