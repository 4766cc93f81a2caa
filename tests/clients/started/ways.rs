//! How each client starts its servers: where its file is, how it reads it, what it puts in the place of references, and
//! what it hands down. Written from the clients' own documentation and sources, not from broker's table.

/// A client, and one of its files.
pub struct Way {
    /// What the command line calls it.
    pub client: &'static str,
    /// The file under `tests/vectors/clients`.
    pub vector: &'static str,
    /// Where the file is, below the home folder.
    pub file: &'static str,
    pub format: Format,
    pub style: Style,
    /// Under which keys the servers stand.
    pub servers: &'static [&'static [&'static str]],
    pub expands: Expands,
    pub hands_down: HandsDown,
    /// The folder a server starts in that names none, below the home folder.
    pub folder: &'static str,
    /// Whether others share the file.
    pub is_shared: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    /// With comments and trailing commas.
    Jsonc,
    Toml,
    Yaml,
}

/// How an entry is spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `command`, `args`, `env`; for some in `transport`.
    Common,
    /// `command` may be a map of `path`, `args`, `env`.
    Zed,
    /// `command` is the whole line, `environment`.
    OpenCode,
    /// `cmd`, `args`, `envs`.
    Goose,
}

/// What is put in for references, and where.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Expands {
    Nothing,
    /// `${X}` and `${env:X}` of approved names, in variables.
    Kiro,
    /// `${X}`, `${X:-text}`; what is not set stays as it is.
    Claude,
    /// `${env:X}`, `${userHome}`, `${workspaceFolder}`, `${input:x}`; what is not set is empty.
    Editor,
    /// `${env:X}`; what is not set stays as it is.
    Env,
    /// `$X`, `${X}` in variables; what is not set is empty.
    Gemini,
    /// `{env:X}`; what is not set is empty.
    OpenCode,
    /// `${env:X}` in variables (what is not set becomes `${X}`), `~` and `$X` in the command.
    AmazonQ,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum HandsDown {
    /// The six of the SDKs.
    Six,
    /// Codex's list.
    Codex,
    /// Everything.
    All,
    /// Everything but what looks like a secret.
    AllButSecrets,
    /// Everything, and it wins over the entry.
    AllFirst,
}

const MCP_SERVERS: &[&[&str]] = &[&["mcpServers"]];

/// What most have.
const COMMON: Way = Way {
    client: "",
    vector: "",
    file: "",
    format: Format::Json,
    style: Style::Common,
    servers: MCP_SERVERS,
    expands: Expands::Nothing,
    hands_down: HandsDown::Six,
    folder: "",
    is_shared: false,
};

pub const WAYS: [Way; 20] = [
    Way {
        client: "kiro",
        vector: "kiro-many.json",
        file: ".kiro/settings/mcp.json",
        servers: &[&["mcpServers"], &["powers", "mcpServers"]],
        expands: Expands::Kiro,
        ..COMMON
    },
    Way {
        client: "kiro",
        vector: "kiro-agent-many.json",
        file: ".kiro/agents/reviewer.json",
        expands: Expands::Kiro,
        folder: "work",
        ..COMMON
    },
    Way {
        client: "claude-desktop",
        vector: "claude-desktop-many.json",
        file: ".config/Claude/claude_desktop_config.json",
        ..COMMON
    },
    Way {
        client: "claude-code",
        vector: "claude-code-many.json",
        file: ".claude.json",
        servers: &[&["mcpServers"], &["projects", "*", "mcpServers"]],
        expands: Expands::Claude,
        folder: "work",
        ..COMMON
    },
    Way {
        client: "claude-code",
        vector: "claude-project-many.json",
        file: "work/.mcp.json",
        expands: Expands::Claude,
        folder: "work",
        is_shared: true,
        ..COMMON
    },
    Way {
        client: "cursor",
        vector: "cursor-many.json",
        file: ".cursor/mcp.json",
        expands: Expands::Editor,
        folder: "work",
        ..COMMON
    },
    Way {
        client: "vscode",
        vector: "vscode-many.jsonc",
        file: ".config/Code/User/mcp.json",
        format: Format::Jsonc,
        servers: &[&["servers"]],
        expands: Expands::Editor,
        hands_down: HandsDown::All,
        folder: "work",
        ..COMMON
    },
    Way {
        client: "windsurf",
        vector: "windsurf-many.json",
        file: ".codeium/windsurf/mcp_config.json",
        expands: Expands::Env,
        ..COMMON
    },
    Way {
        client: "zed",
        vector: "zed-many.jsonc",
        file: ".config/zed/settings.json",
        format: Format::Jsonc,
        style: Style::Zed,
        servers: &[&["context_servers"]],
        folder: "work",
        ..COMMON
    },
    Way {
        client: "codex",
        vector: "codex-many.toml",
        file: ".codex/config.toml",
        format: Format::Toml,
        servers: &[&["mcp_servers"]],
        hands_down: HandsDown::Codex,
        folder: "work",
        ..COMMON
    },
    Way {
        client: "gemini",
        vector: "gemini-many.jsonc",
        file: ".gemini/settings.json",
        format: Format::Jsonc,
        expands: Expands::Gemini,
        hands_down: HandsDown::AllButSecrets,
        folder: "work",
        ..COMMON
    },
    Way {
        client: "opencode",
        vector: "opencode-many.jsonc",
        file: ".config/opencode/opencode.jsonc",
        format: Format::Jsonc,
        style: Style::OpenCode,
        servers: &[&["mcp"]],
        expands: Expands::OpenCode,
        hands_down: HandsDown::All,
        folder: "work",
        ..COMMON
    },
    Way {
        client: "goose",
        vector: "goose-many.yaml",
        file: ".config/goose/config.yaml",
        format: Format::Yaml,
        style: Style::Goose,
        servers: &[&["extensions"]],
        ..COMMON
    },
    Way {
        client: "cline",
        vector: "cline-many.json",
        file: ".cline/data/settings/cline_mcp_settings.json",
        expands: Expands::Env,
        hands_down: HandsDown::All,
        ..COMMON
    },
    Way {
        client: "roo",
        vector: "roo-many.json",
        file: ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
        expands: Expands::Env,
        ..COMMON
    },
    Way {
        client: "kilo",
        vector: "kilo-many.json",
        file: ".kilocode/mcp.json",
        expands: Expands::Env,
        ..COMMON
    },
    Way {
        client: "junie",
        vector: "junie-many.json",
        file: ".junie/mcp/mcp.json",
        ..COMMON
    },
    Way {
        client: "amazon-q",
        vector: "amazon-q-many.json",
        file: ".aws/amazonq/mcp.json",
        expands: Expands::AmazonQ,
        hands_down: HandsDown::AllFirst,
        folder: "work",
        ..COMMON
    },
    Way {
        client: "lm-studio",
        vector: "lm-studio-many.json",
        file: ".lmstudio/mcp.json",
        ..COMMON
    },
    Way {
        client: "continue",
        vector: "continue-many.yaml",
        file: ".continue/config.yaml",
        format: Format::Yaml,
        folder: "work",
        ..COMMON
    },
];
