//! Who asked: the processes that broker was started by, and the MCP client among them.
//!
//! Says what processes call themselves, which each can change: a help to the reader, no proof.

use serde::{Deserialize, Serialize};

use crate::sys;

/// Who asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The MCP client, where one was recognised.
    pub client: Option<String>,
    /// The processes broker was started by, the nearest first.
    pub chain: Vec<Process>,
}

/// A process that was there when the entry was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its short name.
    pub name: String,
}

/// What clients call their processes, in lower case, as far as the kernel keeps it (15 bytes on Linux).
const CLIENTS: [(&str, &str); 26] = [
    ("claude", "claude-code"),
    ("claude-desktop", "claude-desktop"),
    ("cline", "cline"),
    ("code", "vscode"),
    ("code-insiders", "vscode"),
    ("code-oss", "vscode"),
    ("code-server", "vscode"),
    ("codex", "codex"),
    ("codium", "vscodium"),
    ("vscodium", "vscodium"),
    ("copilot", "copilot-cli"),
    ("cursor", "cursor"),
    ("cursor-agent", "cursor"),
    ("gemini", "gemini-cli"),
    ("goose", "goose"),
    ("goosed", "goose"),
    ("kiro", "kiro"),
    ("kiro-cli", "kiro-cli"),
    ("kiro-cli-chat", "kiro-cli"),
    ("opencode", "opencode"),
    ("q", "amazon-q"),
    ("qchat", "amazon-q"),
    ("qwen", "qwen-code"),
    ("windsurf", "windsurf"),
    ("zed", "zed"),
    ("zed-editor", "zed"),
];

impl Caller {
    /// Returns who started this process.
    #[must_use]
    pub fn here() -> Self {
        let process = |found: sys::Ancestor| Process {
            pid: found.pid,
            name: found.name,
        };
        Self::of(sys::ancestors().into_iter().map(process).collect())
    }

    /// Returns the caller of a chain of processes, and the nearest client in it.
    #[must_use]
    pub fn of(chain: Vec<Process>) -> Self {
        let client = chain.iter().find_map(|process| client(&process.name));
        Self {
            client: client.map(str::to_owned),
            chain,
        }
    }
}

fn client(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    let found = CLIENTS.iter().find(|(called, _)| *called == name);
    found.map(|(_, id)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(names: &[&str]) -> Caller {
        let process = |(pid, name): (u32, &&str)| Process {
            pid,
            name: (*name).to_owned(),
        };
        Caller::of((10..).zip(names).map(process).collect())
    }

    #[test]
    fn the_nearest_client_is_the_one_that_asked() {
        for (names, client) in [
            (&["sh", "claude", "bash", "code"][..], Some("claude-code")),
            (&["Kiro", "systemd"], Some("kiro")),
            (&["node", "Cursor"], Some("cursor")),
            (&["Code.exe"], Some("vscode")),
            (&["zed-editor"], Some("zed")),
            (&["q"], Some("amazon-q")),
            (&["sh", "sshd", "systemd"], None),
            (&["claude2", "mycode", ""], None),
            (&[], None),
        ] {
            assert_eq!(chain(names).client.as_deref(), client, "{names:?}");
        }
    }

    #[test]
    fn ids_are_lower_case_and_names_fit_the_kernel() {
        for (name, id) in CLIENTS {
            let plain = |text: &str| {
                text.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            };
            assert!(plain(name) && plain(id) && name.len() <= 15, "{name}");
        }
    }

    #[test]
    fn a_caller_is_written_and_read_as_the_contract_says() {
        let caller = chain(&["sh"]);
        let text = serde_json::to_string(&caller).expect("JSON");
        assert_eq!(text, r#"{"client":null,"chain":[{"pid":10,"name":"sh"}]}"#);
        assert_eq!(serde_json::from_str::<Caller>(&text).expect("read"), caller);
    }
}
