//! LM Studio and Continue.

use super::super::place::{home, project, variable};
use super::super::shapes::{CONTINUE as CONTINUE_SHAPE, UNSWITCHED};
use super::super::{Client, ClientFile, Expansion, Form, HandsDown, Keys, Part, Scope};
use super::MCP_SERVERS;
use crate::clients::document::Format;

pub(super) static LM_STUDIO: Client = Client {
    id: "lm-studio",
    name: "LM Studio",
    files: &[ClientFile {
        scope: Scope::User,
        rules: &[
            home(".lmstudio/mcp.json"),
            home(".cache/lm-studio/mcp.json"),
        ],
        format: Format::Json,
        servers: MCP_SERVERS,
        shape: &UNSWITCHED,
    }],
    expansion: Expansion::NONE,
    rewrites: false,
    processes: &["lm studio", "lm-studio"],
    reload: "LM Studio takes it up by itself",
    hands_down: HandsDown::Unknown,
};

/// Servers are a list in its own files; files in the form of other clients are read from a folder too.
pub(super) static CONTINUE: Client = Client {
    id: "continue",
    name: "Continue",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[
                variable("CONTINUE_GLOBAL_DIR", "config.yaml"),
                home(".continue/config.yaml"),
                home(".continue/mcpServers/*.yaml"),
                home(".continue/mcpServers/*.yml"),
            ],
            format: Format::Yaml,
            servers: MCP_SERVERS,
            shape: &CONTINUE_SHAPE,
        },
        ClientFile {
            scope: Scope::User,
            rules: &[home(".continue/mcpServers/*.json")],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &CONTINUE_SHAPE,
        },
        ClientFile {
            scope: Scope::User,
            rules: &[
                variable("CONTINUE_GLOBAL_DIR", "config.json"),
                home(".continue/config.json"),
            ],
            format: Format::Json,
            servers: OLD,
            shape: &CONTINUE_SHAPE,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[
                project(".continue/mcpServers/*.yaml"),
                project(".continue/mcpServers/*.yml"),
            ],
            format: Format::Yaml,
            servers: MCP_SERVERS,
            shape: &CONTINUE_SHAPE,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".continue/mcpServers/*.json")],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &CONTINUE_SHAPE,
        },
    ],
    expansion: Expansion {
        forms: &[Form::OwnSecret],
        parts: &[
            Part::Command,
            Part::Arguments,
            Part::Variables,
            Part::Url,
            Part::Headers,
            Part::Others,
        ],
        only_approved: false,
    },
    rewrites: false,
    processes: &[],
    reload: "Continue takes it up by itself",
    hands_down: HandsDown::Unknown,
};

/// Before servers were a part of their own.
const OLD: &[Keys] = &[&["experimental", "modelContextProtocolServers"]];
