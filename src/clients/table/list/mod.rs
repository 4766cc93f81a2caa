//! The clients themselves. Where a fact comes from is said where it is not in the client's own documentation;
//! what could not be checked on a real installation says so.

mod amazon;
mod claude;
mod editors;
mod extensions;
mod kiro;
mod local;
mod other;
mod terminals;

use super::{Client, Expansion, Form, Keys, Part};

pub use other::OTHER;

/// Every client that is known by name, in the order they are listed in.
pub static CLIENTS: &[&Client] = &[
    &kiro::KIRO,
    &claude::DESKTOP,
    &claude::CODE,
    &editors::CURSOR,
    &editors::VSCODE,
    &editors::WINDSURF,
    &editors::ZED,
    &terminals::CODEX,
    &terminals::GEMINI,
    &terminals::OPENCODE,
    &terminals::GOOSE,
    &extensions::CLINE,
    &extensions::ROO,
    &extensions::KILO,
    &editors::JUNIE,
    &amazon::Q,
    &local::LM_STUDIO,
    &local::CONTINUE,
];

const MCP_SERVERS: &[Keys] = &[&["mcpServers"]];

/// `${env:VAR}` everywhere in an entry.
const ENV_EVERYWHERE: Expansion = Expansion {
    forms: &[Form::BracesEnv],
    parts: &[
        Part::Command,
        Part::Arguments,
        Part::Variables,
        Part::Headers,
        Part::Url,
        Part::Others,
    ],
    only_approved: false,
};
