//! Kiro: the IDE and the command line, which share their files.

use super::super::place::{home, project, variable};
use super::super::shapes::COMMON;
use super::super::{Client, ClientFile, Expansion, Form, HandsDown, Keys, Part, Scope};
use super::MCP_SERVERS;
use crate::clients::document::Format;

/// The settings have the servers of powers beside the user's own.
const SETTINGS: &[Keys] = &[&["mcpServers"], &["powers", "mcpServers"]];

/// Variables are only put in for names on a list of the user's (`kiroAgent.mcpApprovedEnvVars`); for others the
/// server is handed the text of the reference, without a word.
pub(super) static KIRO: Client = Client {
    id: "kiro",
    name: "Kiro",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[
                variable("KIRO_HOME", "settings/mcp.json"),
                home(".kiro/settings/mcp.json"),
            ],
            format: Format::Json,
            servers: SETTINGS,
            shape: &COMMON,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".kiro/settings/mcp.json")],
            format: Format::Json,
            servers: SETTINGS,
            shape: &COMMON,
        },
        ClientFile {
            scope: Scope::Agent,
            rules: &[
                variable("KIRO_HOME", "agents/*.json"),
                home(".kiro/agents/*.json"),
            ],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
        ClientFile {
            scope: Scope::ProjectAgent,
            rules: &[project(".kiro/agents/*.json")],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
    ],
    expansion: Expansion {
        forms: &[Form::Braces, Form::BracesEnv],
        parts: &[Part::Variables, Part::Headers],
        only_approved: true,
    },
    rewrites: false,
    processes: &["kiro", "kiro-cli", "kiro-cli-chat"],
    reload: "Kiro takes it up by itself; start a new session of kiro-cli",
    hands_down: HandsDown::Unknown,
};
