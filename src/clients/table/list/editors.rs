//! Editors: Cursor, VS Code, Windsurf, Zed, and Junie in those of JetBrains.

use super::super::place::{home, linux, mac, project, unix_home, windows};
use super::super::shapes::{COMMON, SERVER_URL, TYPED, ZED as ZED_SHAPE};
use super::super::{Client, ClientFile, Expansion, Form, HandsDown, Keys, Part, Scope};
use super::{ENV_EVERYWHERE, MCP_SERVERS};
use crate::clients::document::Format;

/// The form of references is as others have seen it; not checked.
pub(super) static CURSOR: Client = Client {
    id: "cursor",
    name: "Cursor",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[home(".cursor/mcp.json")],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".cursor/mcp.json")],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
    ],
    expansion: Expansion {
        forms: &[Form::BracesEnv, Form::Folder],
        parts: &[
            Part::Command,
            Part::Arguments,
            Part::Variables,
            Part::Url,
            Part::Headers,
        ],
        only_approved: false,
    },
    rewrites: false,
    processes: &["cursor"],
    reload: "switch the server off and on in Cursor's settings",
    hands_down: HandsDown::Unknown,
};

const SERVERS: &[Keys] = &[&["servers"]];
/// Where servers stood in the settings before they had a file of their own.
const IN_SETTINGS: &[Keys] = &[&["mcp", "servers"], &["mcp.servers"]];
const IN_WORKSPACE: &[Keys] = &[
    &["settings", "mcp", "servers"],
    &["settings", "mcp.servers"],
];

pub(super) static VSCODE: Client = Client {
    id: "vscode",
    name: "VS Code",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[
                linux("Code/User/mcp.json"),
                mac("Code/User/mcp.json"),
                windows("Code/User/mcp.json"),
                linux("Code/User/profiles/*/mcp.json"),
                mac("Code/User/profiles/*/mcp.json"),
                windows("Code/User/profiles/*/mcp.json"),
                linux("Code - */User/mcp.json"),
                mac("Code - */User/mcp.json"),
                windows("Code - */User/mcp.json"),
                linux("Code - */User/profiles/*/mcp.json"),
                mac("Code - */User/profiles/*/mcp.json"),
                windows("Code - */User/profiles/*/mcp.json"),
                linux("VSCodium/User/mcp.json"),
                mac("VSCodium/User/mcp.json"),
                windows("VSCodium/User/mcp.json"),
                unix_home(".vscode-server*/data/User/mcp.json"),
            ],
            format: Format::Jsonc,
            servers: SERVERS,
            shape: &TYPED,
        },
        ClientFile {
            scope: Scope::User,
            rules: &[
                linux("Code*/User/settings.json"),
                mac("Code*/User/settings.json"),
                windows("Code*/User/settings.json"),
                linux("VSCodium/User/settings.json"),
                mac("VSCodium/User/settings.json"),
                windows("VSCodium/User/settings.json"),
            ],
            format: Format::Jsonc,
            servers: IN_SETTINGS,
            shape: &TYPED,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".vscode/mcp.json")],
            format: Format::Jsonc,
            servers: SERVERS,
            shape: &TYPED,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".vscode/settings.json")],
            format: Format::Jsonc,
            servers: IN_SETTINGS,
            shape: &TYPED,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project("*.code-workspace")],
            format: Format::Jsonc,
            servers: IN_WORKSPACE,
            shape: &TYPED,
        },
    ],
    expansion: Expansion {
        forms: &[Form::Input, Form::BracesEnv, Form::Folder],
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
    processes: &["code", "code-insiders", "codium"],
    reload: "restart the server with \"MCP: List Servers\"",
    hands_down: HandsDown::Everything,
};

/// An address under `url` is said not to be connected to; not checked.
pub(super) static WINDSURF: Client = Client {
    id: "windsurf",
    name: "Windsurf",
    files: &[ClientFile {
        scope: Scope::User,
        rules: &[
            home(".codeium/windsurf/mcp_config.json"),
            home(".codeium/windsurf-*/mcp_config.json"),
            home(".codeium/mcp_config.json"),
        ],
        format: Format::Json,
        servers: MCP_SERVERS,
        shape: &SERVER_URL,
    }],
    expansion: ENV_EVERYWHERE,
    rewrites: false,
    processes: &["windsurf"],
    reload: "refresh the servers in Windsurf's settings",
    hands_down: HandsDown::Unknown,
};

/// The file is that of all the editor's settings. Servers that come with an extension have `settings` and no
/// program. On Windows the place was not checked.
pub(super) static ZED: Client = Client {
    id: "zed",
    name: "Zed",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[
                linux("zed/settings.json"),
                unix_home(".config/zed/settings.json"),
                windows("Zed/settings.json"),
                unix_home(".var/app/dev.zed.Zed*/config/zed/settings.json"),
            ],
            format: Format::Jsonc,
            servers: CONTEXT_SERVERS,
            shape: &ZED_SHAPE,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".zed/settings.json")],
            format: Format::Jsonc,
            servers: CONTEXT_SERVERS,
            shape: &ZED_SHAPE,
        },
    ],
    expansion: Expansion::NONE,
    rewrites: false,
    processes: &["zed", "zed-editor"],
    reload: "Zed starts the server anew by itself",
    hands_down: HandsDown::Unknown,
};

const CONTEXT_SERVERS: &[Keys] = &[&["context_servers"]];

/// Where its files are was not checked.
pub(super) static JUNIE: Client = Client {
    id: "junie",
    name: "Junie",
    files: &[
        ClientFile {
            scope: Scope::User,
            rules: &[home(".junie/mcp/mcp.json")],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
        ClientFile {
            scope: Scope::Project,
            rules: &[project(".junie/mcp/mcp.json")],
            format: Format::Json,
            servers: MCP_SERVERS,
            shape: &COMMON,
        },
    ],
    expansion: Expansion::NONE,
    rewrites: false,
    processes: &[
        "idea",
        "pycharm",
        "webstorm",
        "goland",
        "rubymine",
        "phpstorm",
        "clion",
        "rider",
        "rustrover",
    ],
    reload: "switch the server off and on in the settings of Junie",
    hands_down: HandsDown::Unknown,
};
