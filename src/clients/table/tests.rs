//! Where the table says that files are, on each system.
#![expect(clippy::expect_used, reason = "helpers of tests may abort")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::clients::document::Document;
use crate::clients::tests::{VECTORS, vector};
use crate::paths::{Os, write_file};

/// An invented user on an invented system.
fn around(os: Os, top: &Path) -> Surroundings {
    Surroundings {
        os,
        home: top.join("home/me"),
        variables: BTreeMap::new(),
        project: Some(top.join("src/shop")),
    }
}

fn put(path: &Path) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    write_file(path, b"{}").expect("written");
}

/// What is found, as client and path below `top`.
fn found(around: &Surroundings, top: &Path) -> Vec<(&'static str, String)> {
    let below = |path: &Path| path.strip_prefix(top).expect("below").display().to_string();
    let all = locate(around).into_iter();
    all.map(|one| (one.client.id, below(&one.path))).collect()
}

/// Where the first of each client's own files is.
const USERS: [(Os, &str, &str); 30] = [
    (Os::Linux, "kiro", ".kiro/settings/mcp.json"),
    (Os::Windows, "kiro", ".kiro/settings/mcp.json"),
    (
        Os::Linux,
        "claude-desktop",
        ".config/Claude/claude_desktop_config.json",
    ),
    (
        Os::MacOs,
        "claude-desktop",
        "Library/Application Support/Claude/claude_desktop_config.json",
    ),
    (
        Os::Windows,
        "claude-desktop",
        "AppData/Roaming/Claude/claude_desktop_config.json",
    ),
    (Os::MacOs, "claude-code", ".claude.json"),
    (Os::Linux, "cursor", ".cursor/mcp.json"),
    (Os::Linux, "vscode", ".config/Code/User/mcp.json"),
    (
        Os::MacOs,
        "vscode",
        "Library/Application Support/Code/User/mcp.json",
    ),
    (Os::Windows, "vscode", "AppData/Roaming/Code/User/mcp.json"),
    (Os::Linux, "windsurf", ".codeium/windsurf/mcp_config.json"),
    (Os::Linux, "zed", ".config/zed/settings.json"),
    (Os::MacOs, "zed", ".config/zed/settings.json"),
    (Os::Windows, "zed", "AppData/Roaming/Zed/settings.json"),
    (Os::Linux, "codex", ".codex/config.toml"),
    (Os::Windows, "gemini", ".gemini/settings.json"),
    (Os::MacOs, "opencode", ".config/opencode/opencode.json"),
    (Os::Linux, "goose", ".config/goose/config.yaml"),
    (
        Os::Linux,
        "cline",
        ".cline/data/settings/cline_mcp_settings.json",
    ),
    (Os::Linux, "junie", ".junie/mcp/mcp.json"),
    (Os::Linux, "amazon-q", ".aws/amazonq/mcp.json"),
    (Os::Windows, "lm-studio", ".lmstudio/mcp.json"),
    (Os::Linux, "continue", ".continue/config.yaml"),
    (
        Os::Linux,
        "kilo",
        ".kilocode/cli/global/settings/mcp_settings.json",
    ),
    (Os::Windows, "continue", ".continue/config.yaml"),
    (Os::MacOs, "codex", ".codex/config.toml"),
    (Os::MacOs, "lm-studio", ".lmstudio/mcp.json"),
    (Os::Windows, "claude-code", ".claude.json"),
    (Os::Windows, "cursor", ".cursor/mcp.json"),
    (Os::MacOs, "kiro", ".kiro/settings/mcp.json"),
];

#[test]
fn a_client_reads_its_users_file_from_its_place_on_each_system() {
    let top = tempfile::tempdir().expect("a folder");
    for (os, id, path) in USERS {
        let around = around(os, top.path());
        let client = client(id).expect("listed");
        let (_, at) = target(client, Scope::User, None, &around).expect("a place");
        assert_eq!(at, around.home.join(path), "{id}");
    }
}

#[test]
fn every_place_of_every_client_is_looked_at_and_recognised_on_each_system() {
    for os in Os::ALL {
        let top = tempfile::tempdir().expect("a folder");
        let around = around(os, top.path());
        assert!(found(&around, top.path()).is_empty());
        let mut expected = BTreeSet::new();
        for client in CLIENTS.iter().copied() {
            for rule in client.files.iter().flat_map(|file| file.rules) {
                if let Some(begin) = rule.begin(&around) {
                    let path = begin.join(rule.below.replace('*', "x"));
                    put(&path);
                    expected.insert(path);
                }
            }
        }
        let all = locate(&around);
        let paths: BTreeSet<PathBuf> = all.iter().map(|one| one.path.clone()).collect();
        assert_eq!(paths, expected, "{os:?}");
        assert_eq!(all.len(), paths.len(), "each once");
        for one in all {
            let (client, file) = recognise(&one.path, &around).expect("recognised");
            assert_eq!(client.id, one.client.id, "{}", one.path.display());
            assert!(std::ptr::eq(file, one.file), "{}", one.path.display());
        }
    }
}

#[test]
fn files_are_found_where_they_are_and_nowhere_else() {
    let top = tempfile::tempdir().expect("a folder");
    let mut around = around(Os::Linux, top.path());
    for path in [
        "home/me/.config/Code/User/profiles/-12ab/mcp.json",
        "home/me/.config/Cursor/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
        "home/me/.kiro/agents/b.json",
        "home/me/.kiro/agents/a.json",
        "home/me/.kiro/agents/notes.md",
        "home/me/Library/Application Support/Claude/claude_desktop_config.json",
        "src/shop/.mcp.json",
        "src/shop/sub/.mcp.json",
    ] {
        put(&top.path().join(path));
    }
    std::os::unix::fs::symlink("nowhere", top.path().join("home/me/.claude.json")).expect("linked");
    let cline = "home/me/.config/Cursor/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json";
    assert_eq!(
        found(&around, top.path()),
        [
            ("kiro", "home/me/.kiro/agents/a.json".to_owned()),
            ("kiro", "home/me/.kiro/agents/b.json".to_owned()),
            // A link to nothing is there, and cannot be read: that is said when it is.
            ("claude-code", "home/me/.claude.json".to_owned()),
            ("claude-code", "src/shop/.mcp.json".to_owned()),
            (
                "vscode",
                "home/me/.config/Code/User/profiles/-12ab/mcp.json".to_owned()
            ),
            ("cline", cline.to_owned()),
        ]
    );
    around.project = None;
    assert!(
        !found(&around, top.path())
            .iter()
            .any(|(_, path)| path.starts_with("src"))
    );
}

#[test]
fn a_variable_leads_to_another_place_and_the_usual_one_is_looked_at_too() {
    let top = tempfile::tempdir().expect("a folder");
    let cases = [
        ("CLAUDE_CONFIG_DIR", "a", "a/.claude.json", "claude-code"),
        ("CODEX_HOME", "b", "b/config.toml", "codex"),
        ("KIRO_HOME", "c", "c/settings/mcp.json", "kiro"),
        (
            "CLINE_MCP_SETTINGS_PATH",
            "d/file.json",
            "d/file.json",
            "cline",
        ),
        (
            "CLINE_DIR",
            "e",
            "e/data/settings/cline_mcp_settings.json",
            "cline",
        ),
        (
            "CLINE_DATA_DIR",
            "f",
            "f/settings/cline_mcp_settings.json",
            "cline",
        ),
        ("XDG_CONFIG_HOME", "g", "g/goose/config.yaml", "goose"),
        ("XDG_CONFIG_HOME", "g", "g/zed/settings.json", "zed"),
        ("OPENCODE_CONFIG", "h.json", "h.json", "opencode"),
        ("CONTINUE_GLOBAL_DIR", "i", "i/config.yaml", "continue"),
    ];
    for (variable, value, file, id) in cases {
        put(&top.path().join(file));
        let mut around = around(Os::Linux, top.path());
        let client = client(id).expect("listed");
        let (_, usual) = target(client, Scope::User, None, &around).expect("a place");
        let set = |around: &mut Surroundings, value: OsString| {
            around.variables.insert(variable.to_owned(), value);
        };
        set(&mut around, top.path().join(value).into_os_string());
        let here: Vec<_> = found(&around, top.path())
            .into_iter()
            .filter(|one| one.0 == id)
            .collect();
        assert_eq!(here, [(id, file.to_owned())], "{variable}");
        let (recognised, _) = recognise(&top.path().join(file), &around).expect("recognised");
        assert_eq!(recognised.id, id);
        if variable != "XDG_CONFIG_HOME" {
            put(&usual);
            assert_eq!(
                found(&around, top.path())
                    .iter()
                    .filter(|one| one.0 == id)
                    .count(),
                2
            );
            fs::remove_file(&usual).expect("removed");
        }
        // What is no absolute path names no place.
        set(&mut around, value.into());
        assert!(
            !found(&around, top.path()).iter().any(|one| one.0 == id),
            "{variable}"
        );
    }
}

#[test]
fn windows_says_where_its_folders_are() {
    let top = tempfile::tempdir().expect("a folder");
    let mut around = around(Os::Windows, top.path());
    let (_, at) = target(CLIENTS[1], Scope::User, None, &around).expect("a place");
    assert!(at.ends_with("AppData/Roaming/Claude/claude_desktop_config.json"));
    let store = "home/me/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/claude_desktop_config.json";
    put(&top.path().join(store));
    assert_eq!(
        found(&around, top.path()),
        [("claude-desktop", store.to_owned())]
    );
    around
        .variables
        .insert("APPDATA".to_owned(), r"D:\Roaming".into());
    let (_, at) = target(CLIENTS[1], Scope::User, None, &around).expect("a place");
    assert!(at.starts_with(r"D:\Roaming"));
}

#[test]
fn agents_files_are_named_for_the_agent_and_lie_nowhere_else() {
    let around = around(Os::Linux, Path::new("/top"));
    let place = |scope, agent| target(CLIENTS[0], scope, agent, &around).map(|(_, path)| path);
    assert_eq!(
        place(Scope::Agent, Some("reviewer")),
        Some("/top/home/me/.kiro/agents/reviewer.json".into())
    );
    assert_eq!(
        place(Scope::ProjectAgent, Some("a b")),
        Some("/top/src/shop/.kiro/agents/a b.json".into())
    );
    for agent in [
        None,
        Some(""),
        Some(".."),
        Some("../x"),
        Some("a/b"),
        Some(r"a\b"),
        Some("*"),
        Some(".x"),
    ] {
        assert_eq!(place(Scope::Agent, agent), None, "{agent:?}");
    }
}

#[test]
fn a_path_is_recognised_by_its_name_and_place() {
    let around = around(Os::Linux, Path::new("/top"));
    let cases = [
        (
            "/top/home/me/.kiro/settings/mcp.json",
            Some(("kiro", Scope::User)),
        ),
        (
            "/elsewhere/.kiro/settings/mcp.json",
            Some(("kiro", Scope::Project)),
        ),
        (
            "/elsewhere/.kiro/agents/x.json",
            Some(("kiro", Scope::ProjectAgent)),
        ),
        (
            "/elsewhere/.mcp.json",
            Some(("claude-code", Scope::Project)),
        ),
        ("/copy/.claude.json", Some(("claude-code", Scope::User))),
        ("/copy/.codex/config.toml", Some(("codex", Scope::Project))),
        ("/copy/config.toml", None),
        ("/copy/mcp.json", None),
        ("/copy/settings.json", None),
        ("/copy/.vscode/mcp.json", Some(("vscode", Scope::Project))),
        (
            "/copy/.vscode/settings.json",
            Some(("vscode", Scope::Project)),
        ),
        ("/copy/.zed/settings.json", Some(("zed", Scope::Project))),
        ("/copy/zed/settings.json", Some(("zed", Scope::User))),
        (
            "/copy/.gemini/settings.json",
            Some(("gemini", Scope::Project)),
        ),
        (
            "/copy/shop.code-workspace",
            Some(("vscode", Scope::Project)),
        ),
        ("/copy/opencode.jsonc", Some(("opencode", Scope::Project))),
        (
            "/mac/Library/Application Support/Claude/claude_desktop_config.json",
            Some(("claude-desktop", Scope::User)),
        ),
        (
            "/copy/.continue/mcpServers/x.json",
            Some(("continue", Scope::Project)),
        ),
        (".cursor/mcp.json", Some(("cursor", Scope::Project))),
    ];
    for (path, expected) in cases {
        let seen =
            recognise(Path::new(path), &around).map(|(client, file)| (client.id, file.scope));
        assert_eq!(seen, expected, "{path}");
    }
}

#[test]
fn an_unknown_file_is_recognised_by_what_stands_in_it() {
    for (name, _, _) in VECTORS {
        let text = vector(name);
        let format = Format::of(Path::new(name)).expect("a format");
        let document = Document::parse(format, &text).expect("read");
        let (client, file) = recognise_content(&document).expect("recognised");
        assert_eq!(client.id, "other");
        let servers = document.entries(file).len();
        // Servers that come with the client have neither program nor address.
        assert!(servers >= 3, "{name}: {servers}");
    }
    for text in [
        r#"{"servers": {"web": {"port": 80}}, "mcp": {"x": {"enabled": true}}}"#,
        r#"{"name": "package", "scripts": {"build": "make"}}"#,
        "[]",
        "",
    ] {
        let document = Document::parse(Format::Json, text).expect("read");
        assert!(recognise_content(&document).is_none(), "{text}");
    }
}

#[test]
fn the_table_is_whole() {
    let ids: BTreeSet<_> = CLIENTS.iter().map(|client| client.id).collect();
    assert_eq!(ids.len(), CLIENTS.len());
    assert!(!ids.contains(OTHER.id));
    for client in CLIENTS {
        assert!(!client.files.is_empty(), "{}", client.id);
        let sentence = client
            .reload
            .ends_with(|c: char| c.is_alphanumeric() || c == '"');
        assert!(sentence, "{}", client.reload);
        for file in client.files {
            assert!(
                !file.rules.is_empty() && !file.servers.is_empty(),
                "{}",
                client.id
            );
            for rule in file.rules {
                let plain = !rule.below.starts_with('/') && !rule.below.contains("..");
                assert!(plain && !rule.systems.is_empty(), "{}", rule.below);
                let is_project = rule.base == Base::Project;
                assert_eq!(is_project, file.scope.is_shared(), "{}", rule.below);
                let named = Format::of(Path::new(rule.below));
                let agrees = named.is_none_or(|format| {
                    let json = |f| matches!(f, Format::Json | Format::Jsonc);
                    format == file.format || (json(format) && json(file.format))
                });
                assert!(agrees, "{}", rule.below);
            }
        }
    }
}

#[test]
fn names_fit_parts_with_stars() {
    let cases = [
        ("a", "a", true),
        ("a", "b", false),
        ("*", "anything", true),
        ("*.json", "x.json", true),
        ("*.json", "x.jsonc", false),
        ("Claude_*", "Claude_x", true),
        ("Claude_*", "Claude", false),
        (".*-server*", ".vscode-server-insiders", true),
        (".*-server*", ".vscode", false),
        ("a*b*c", "abc", true),
        ("a*b*c", "ac", false),
    ];
    for (part, name, expected) in cases {
        assert_eq!(place::fits(part, name), expected, "{part} {name}");
    }
}
