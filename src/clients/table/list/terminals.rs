//! Clients in the terminal: Codex, Gemini CLI, opencode, Goose.

use super::super::place::{config, home, project, unix_home, variable, windows};
use super::super::shapes::{
    CODEX as CODEX_SHAPE, GOOSE as GOOSE_SHAPE, HTTP_URL, OPENCODE as OPENCODE_SHAPE,
};
use super::super::{Client, ClientFile, Expansion, Form, HandsDown, Keys, Part, Scope};
use super::MCP_SERVERS;
use crate::clients::document::Format;

/// Variables are handed on by name (`env_vars`, `env_http_headers`, `bearer_token_env_var`); no text is
/// expanded.
pub(super) static CODEX: Client = Client {
    id: "codex",
    name: "Codex",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[
                variable("CODEX_HOME", "config.toml"),
                home(".codex/config.toml"),
            ],
            format: Format::Toml,
            servers: CODEX_SERVERS,
            shape: &CODEX_SHAPE,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".codex/config.toml")],
            format: Format::Toml,
            servers: CODEX_SERVERS,
            shape: &CODEX_SHAPE,
        },
    ],
    expansion: Expansion::NONE,
    rewrites: true,
    processes: &["codex"],
    reload: "start a new session of codex",
    hands_down: HandsDown::Few,
};

const CODEX_SERVERS: &[Keys] = &[&["mcp_servers"], &["profiles", "*", "mcp_servers"]];

/// Variables that are not set become empty. Those of the caller that look like secrets are not handed down,
/// those of the entry are.
pub(super) static GEMINI: Client = Client {
    id: "gemini",
    name: "Gemini CLI",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[
                variable("GEMINI_CLI_HOME", ".gemini/settings.json"),
                home(".gemini/settings.json"),
            ],
            format: Format::Jsonc,
            servers: MCP_SERVERS,
            shape: &HTTP_URL,
        },
        ClientFile {
            scope: Scope::User,
            rules: &[home(".gemini/extensions/*/gemini-extension.json")],
            format: Format::Jsonc,
            servers: MCP_SERVERS,
            shape: &HTTP_URL,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".gemini/settings.json")],
            format: Format::Jsonc,
            servers: MCP_SERVERS,
            shape: &HTTP_URL,
        },
    ],
    expansion: Expansion {
        forms: &[Form::Dollar, Form::Braces, Form::Percent],
        parts: &[Part::Variables, Part::Headers],
        only_approved: false,
    },
    rewrites: true,
    processes: &["gemini"],
    reload: "start a new session of gemini",
    hands_down: HandsDown::AllButSecrets,
};

pub(super) static OPENCODE: Client = Client {
    id: "opencode",
    name: "opencode",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[
                variable("OPENCODE_CONFIG", ""),
                config("opencode/opencode.json"),
                config("opencode/opencode.jsonc"),
                config("opencode/config.json"),
                variable("OPENCODE_CONFIG_DIR", "opencode.json"),
                variable("OPENCODE_CONFIG_DIR", "opencode.jsonc"),
                home(".opencode/opencode.json"),
                home(".opencode/opencode.jsonc"),
            ],
            format: Format::Jsonc,
            servers: OPENCODE_SERVERS,
            shape: &OPENCODE_SHAPE,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[
                project("opencode.json"),
                project("opencode.jsonc"),
                project(".opencode/opencode.json"),
                project(".opencode/opencode.jsonc"),
            ],
            format: Format::Jsonc,
            servers: OPENCODE_SERVERS,
            shape: &OPENCODE_SHAPE,
        },
    ],
    expansion: Expansion {
        forms: &[Form::CurlyEnv, Form::CurlyFile],
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
    processes: &["opencode"],
    reload: "start a new session of opencode",
    hands_down: HandsDown::Everything,
};

const OPENCODE_SERVERS: &[Keys] = &[&["mcp"]];

/// Values of `env_keys` are in its own keychain already. References in headers were not checked.
pub(super) static GOOSE: Client = Client {
    id: "goose",
    name: "Goose",
    files: &[ClientFile {
        scope: Scope::User,
        rules: &[
            config("goose/config.yaml"),
            unix_home(".config/goose/config.yaml"),
            windows("Block/goose/config/config.yaml"),
        ],
        format: Format::Yaml,
        servers: EXTENSIONS,
        shape: &GOOSE_SHAPE,
    }],
    expansion: Expansion {
        forms: &[Form::Braces],
        parts: &[Part::Headers],
        only_approved: false,
    },
    rewrites: true,
    processes: &["goose", "goosed"],
    reload: "start a new session of goose",
    hands_down: HandsDown::Unknown,
};

const EXTENSIONS: &[Keys] = &[&["extensions"]];
