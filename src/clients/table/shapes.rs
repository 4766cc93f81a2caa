//! How entries are spelled, one shape per family of clients.

use super::{Keys, Shape, Switch};

const COMMAND: &[Keys] = &[&["command"], &["transport", "command"]];
const ARGUMENTS: &[Keys] = &[&["args"], &["transport", "args"]];
const VARIABLES: &[Keys] = &[&["env"], &["transport", "env"]];
const HEADERS: &[Keys] = &[&["headers"], &["transport", "headers"]];
const ENV_FILE: &[Keys] = &[&["envFile"]];

/// `command`, `args`, `env`, `url`, `headers`, `disabled`: most clients. Some of their versions nest all of it under
/// `transport`.
pub(super) const COMMON: Shape = Shape {
    command: COMMAND,
    arguments: ARGUMENTS,
    variables: VARIABLES,
    headers: HEADERS,
    url: &[&["url"], &["transport", "url"]],
    env_file: ENV_FILE,
    switch: Switch::Disabled("disabled"),
    name: None,
    fixed: &[],
    is_guess: false,
};

/// Clients that know no switch in the entry.
pub(super) const UNSWITCHED: Shape = Shape {
    switch: Switch::None,
    ..COMMON
};

/// VS Code, and Claude Code as its own command writes an entry: the kind of server is named.
pub(super) const TYPED: Shape = Shape {
    fixed: &[("type", "stdio")],
    ..UNSWITCHED
};

/// The address under `serverUrl`: Windsurf.
pub(super) const SERVER_URL: Shape = Shape {
    url: &[&["serverUrl"], &["url"]],
    ..COMMON
};

/// The address under `httpUrl`, or `url` for the older transport: Gemini CLI.
pub(super) const HTTP_URL: Shape = Shape {
    url: &[&["httpUrl"], &["url"]],
    switch: Switch::None,
    ..COMMON
};

/// Zed; its older form has the program and all that belongs to it under `command`.
pub(super) const ZED: Shape = Shape {
    command: &[&["command"], &["command", "path"]],
    arguments: &[&["args"], &["command", "args"]],
    variables: &[&["env"], &["command", "env"]],
    headers: &[&["headers"]],
    url: &[&["url"]],
    env_file: &[],
    switch: Switch::Enabled("enabled"),
    name: None,
    fixed: &[],
    is_guess: false,
};

/// Codex.
pub(super) const CODEX: Shape = Shape {
    command: &[&["command"]],
    arguments: &[&["args"]],
    variables: &[&["env"]],
    headers: &[&["http_headers"], &["headers"]],
    url: &[&["url"]],
    env_file: &[],
    switch: Switch::Enabled("enabled"),
    name: None,
    fixed: &[],
    is_guess: false,
};

/// opencode, and what was made from it: program and arguments are one list.
pub(super) const OPENCODE: Shape = Shape {
    command: &[&["command"]],
    arguments: &[],
    variables: &[&["environment"]],
    headers: &[&["headers"]],
    url: &[&["url"]],
    env_file: &[],
    switch: Switch::Enabled("enabled"),
    name: None,
    fixed: &[("type", "local")],
    is_guess: false,
};

/// Goose.
pub(super) const GOOSE: Shape = Shape {
    command: &[&["cmd"]],
    arguments: &[&["args"]],
    variables: &[&["envs"]],
    headers: &[&["headers"]],
    url: &[&["uri"]],
    env_file: &[],
    switch: Switch::Enabled("enabled"),
    name: None,
    fixed: &[],
    is_guess: false,
};

/// Continue: servers are a list.
pub(super) const CONTINUE: Shape = Shape {
    headers: &[&["requestOptions", "headers"], &["headers"]],
    switch: Switch::None,
    name: Some("name"),
    ..COMMON
};

/// Every spelling, for files of clients that are not known.
pub(super) const ANY: Shape = Shape {
    command: &[
        &["command"],
        &["transport", "command"],
        &["command", "path"],
        &["cmd"],
    ],
    arguments: &[&["args"], &["transport", "args"], &["command", "args"]],
    variables: &[
        &["env"],
        &["transport", "env"],
        &["command", "env"],
        &["environment"],
        &["envs"],
    ],
    headers: &[
        &["headers"],
        &["transport", "headers"],
        &["http_headers"],
        &["requestOptions", "headers"],
        &["requestInit", "headers"],
    ],
    url: &[
        &["url"],
        &["serverUrl"],
        &["httpUrl"],
        &["uri"],
        &["transport", "url"],
    ],
    env_file: ENV_FILE,
    switch: Switch::Either,
    name: Some("name"),
    fixed: &[],
    is_guess: true,
};
