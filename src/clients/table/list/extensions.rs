//! Extensions of VS Code and of the editors made from it: Cline, Roo Code, Kilo Code.
//!
//! Such an editor keeps the data of extensions in a folder of its own name, so that each is found in all of them.

use super::super::place::{config, home, linux, mac, project, unix_home, variable, windows};
use super::super::shapes::{COMMON, OPENCODE};
use super::super::{Client, ClientFile, HandsDown, Keys, Scope};
use super::{ENV_EVERYWHERE, MCP_SERVERS};
use crate::clients::document::Format;

pub(super) static CLINE: Client = Client {
    id: "cline",
    name: "Cline",
    files: &[ClientFile {
        scope: Scope::User,
        rules: &[
            variable("CLINE_MCP_SETTINGS_PATH", ""),
            variable("CLINE_DATA_DIR", "settings/cline_mcp_settings.json"),
            variable("CLINE_DIR", "data/settings/cline_mcp_settings.json"),
            home(".cline/data/settings/cline_mcp_settings.json"),
            home(".cline/mcp.json"),
            linux("*/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"),
            mac("*/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"),
            windows("*/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"),
            unix_home(
                ".*-server*/data/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
            ),
            home("Documents/Cline/MCP/cline_mcp_settings.json"),
        ],
        format: Format::Json,
        servers: MCP_SERVERS,
        shape: &COMMON,
    }],
    expansion: ENV_EVERYWHERE,
    rewrites: true,
    processes: &["cline"],
    reload: "Cline starts the server anew by itself",
    hands_down: HandsDown::Everything,
};

pub(super) static ROO: Client = Client {
    id: "roo",
    name: "Roo Code",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[
                linux("*/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json"),
                mac("*/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json"),
                windows(
                    "*/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
                ),
                unix_home(
                    ".*-server*/data/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
                ),
                linux(
                    "*/User/globalStorage/rooveterinaryinc.roo-cline/settings/cline_mcp_settings.json",
                ),
                mac(
                    "*/User/globalStorage/rooveterinaryinc.roo-cline/settings/cline_mcp_settings.json",
                ),
                windows(
                    "*/User/globalStorage/rooveterinaryinc.roo-cline/settings/cline_mcp_settings.json",
                ),
            ],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".roo/mcp.json")],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
    ],
    // As in Cline, which it was made from; not checked.
    expansion: ENV_EVERYWHERE,
    rewrites: true,
    processes: &[],
    reload: "Roo Code starts the server anew by itself",
    hands_down: HandsDown::Few,
};

/// Its older versions were made from Roo Code, its newer ones from opencode; the files of both are looked at.
pub(super) static KILO: Client = Client {
    id: "kilo",
    name: "Kilo Code",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[
                linux("*/User/globalStorage/kilocode.kilo-code/settings/mcp_settings.json"),
                mac("*/User/globalStorage/kilocode.kilo-code/settings/mcp_settings.json"),
                windows("*/User/globalStorage/kilocode.kilo-code/settings/mcp_settings.json"),
                unix_home(
                    ".*-server*/data/User/globalStorage/kilocode.kilo-code/settings/mcp_settings.json",
                ),
                home(".kilocode/cli/global/settings/mcp_settings.json"),
                home(".kilocode/mcp.json"),
            ],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
        ClientFile {
            scope: Scope::User,
            rules: &[config("kilo/kilo.jsonc"), config("kilo/kilo.json")],
            format: Format::Jsonc,
            servers: MCP,
            shape: &OPENCODE,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".kilocode/mcp.json")],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[
                project("kilo.jsonc"),
                project("kilo.json"),
                project(".kilo/kilo.jsonc"),
                project(".kilo/kilo.json"),
            ],
            format: Format::Jsonc,
            servers: MCP,
            shape: &OPENCODE,
        },
    ],
    // As in Cline, which it was made from; not checked.
    expansion: ENV_EVERYWHERE,
    rewrites: true,
    processes: &["kilo", "kilocode"],
    reload: "Kilo Code starts the server anew by itself",
    hands_down: HandsDown::Few,
};

const MCP: &[Keys] = &[&["mcp"]];
