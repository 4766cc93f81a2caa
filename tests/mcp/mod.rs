//! Real MCP servers, started by `broker exec` and spoken to over MCP.
//!
//! The servers are pinned in `tests/servers` and installed by `tests/run`, which is also how these
//! tests are meant to be run. Without the servers they fail.

mod arguments;
mod bytes;
pub mod client;
mod environment;
mod process;

use std::path::{Path, PathBuf};

/// Where `tests/run` installs the servers.
pub fn installed(below: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/servers")
        .join(below);
    assert!(
        path.exists(),
        "\"{}\" is not installed; tests/run --servers installs the MCP servers of the tests",
        path.display()
    );
    path
}

/// Returns the command of `server-everything`, whose tools answer what they were given.
pub fn everything() -> Vec<PathBuf> {
    vec![
        node(),
        installed("node_modules/@modelcontextprotocol/server-everything/dist/index.js"),
        "stdio".into(),
    ]
}

/// Returns the command of `mcp-server-time`, a server in another language and of another lineage.
pub fn time() -> PathBuf {
    installed("venv/bin/mcp-server-time")
}

/// Finds `node` where whoever runs the tests has it: broker's own runs have a `PATH` of their own.
pub fn node() -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    std::env::split_paths(&path)
        .map(|folder| folder.join("node"))
        .find(|file| file.is_file())
        .expect("node is not installed; tests/run says what the tests need")
}
