//! Which packages an entry has fetched, and whether in one version. Knows the launchers that configurations name, in their usual
//! spellings; what a start really does is read by `launch`, when it is started.

use super::super::super::{Entry, Place};
use crate::policy::package::{Spec, is_digest, npm, python};

/// A launcher, and what its options are.
struct Launcher {
    /// Options with a value that is no package.
    valued: &'static str,
    /// Options whose value is a package that is fetched besides.
    besides: &'static str,
    /// Options whose value is the package, so that the first word is only its program.
    instead: &'static str,
    /// Whether the first word is a package.
    first: bool,
    is_pinned: fn(&str) -> bool,
}

const NPM: Launcher = Launcher {
    valued: "-c --call -w --workspace --prefix --registry --cache --userconfig --node-options --loglevel -C --dir",
    besides: "",
    instead: "-p --package",
    first: true,
    is_pinned: |word| is_pinned(npm(word), word),
};

const UVX: Launcher = Launcher {
    valued: "-p --python -i --index-url --extra-index-url --index --default-index -f --find-links --directory --project \
             --with-requirements --with-editable --env-file --cache-dir --config-file -c --constraints --overrides --link-mode \
             --refresh-package --python-platform --color",
    besides: "-w --with",
    instead: "--from --spec",
    first: true,
    is_pinned: |word| word.split(',').all(|word| is_pinned(python(word), word)),
};

const UV_RUN: Launcher = Launcher {
    first: false,
    ..UVX
};

const DOCKER: Launcher = Launcher {
    valued: "-e --env --env-file -v --volume --mount -p --publish -u --user -w --workdir -h --hostname --name --network --net \
             --entrypoint --platform --memory -m --cpus --add-host --label -l --tmpfs --dns --gpus --device --cap-add --cap-drop \
             --security-opt --restart --pull --pid --ipc --ulimit --shm-size --log-driver --log-opt --volumes-from --link \
             --stop-timeout --pids-limit --userns --runtime",
    besides: "",
    instead: "",
    first: true,
    is_pinned: is_digest,
};

fn is_pinned(spec: Spec, word: &str) -> bool {
    match spec {
        Spec::Exact | Spec::Local => true,
        Spec::Loose => false,
        // A repository is pinned by a commit, a file by nothing that its address says.
        Spec::Foreign => {
            let commit = word
                .rsplit(['#', '@'])
                .map(|part| part.split('#').next().unwrap_or_default());
            let is_commit =
                |part: &str| part.len() == 40 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
            let mut parts = commit.into_iter();
            word.starts_with(['/', '~']) || word.starts_with("file:") || parts.any(is_commit)
        }
    }
}

/// Returns where packages are named that are fetched in whatever version there is.
pub(super) fn unpinned(entry: &Entry) -> Vec<Place> {
    let mut words: Vec<(&Place, &str)> = Vec::new();
    for item in entry
        .items
        .iter()
        .filter(|item| item.place == Place::Command)
    {
        // A whole command line in the place of the program.
        words.extend(
            item.text
                .text()
                .split_whitespace()
                .map(|word| (&item.place, word)),
        );
    }
    let mut arguments: Vec<(usize, (&Place, &str))> = Vec::new();
    for item in &entry.items {
        if let Place::Argument(at) = item.place {
            arguments.push((at, (&item.place, item.text.text())));
        }
    }
    arguments.sort_by_key(|(at, _)| *at);
    words.extend(arguments.into_iter().map(|(_, word)| word));
    let Some((launcher, rest)) = launcher(&words) else {
        return Vec::new();
    };
    launcher
        .packages(rest)
        .into_iter()
        .filter(|(_, word)| !word.contains(['$', '{', '%', '<']) && !(launcher.is_pinned)(word))
        .map(|(place, _)| place.clone())
        .collect()
}

/// Finds the launcher of a command line, and the words behind it.
fn launcher<'w, 'e>(
    words: &'w [(&'e Place, &'e str)],
) -> Option<(Launcher, &'w [(&'e Place, &'e str)])> {
    let mut at = 0_usize;
    loop {
        let rest = words.get(at.saturating_add(1)..)?;
        let program = words.get(at).map(|(_, word)| base(word))?;
        // The first words that are no options, and what stands behind them.
        let is_word = |(_, word): &&(&Place, &str)| !word.starts_with('-');
        let mut named = rest.iter().enumerate().filter(|(_, word)| is_word(word));
        let first = named.next().map(|(at, (_, word))| (at, *word));
        let second = named.next().map(|(at, (_, word))| (at, *word));
        let behind = |at: usize| rest.get(at.saturating_add(1)..).unwrap_or_default();
        let found = match (program.as_str(), first, second) {
            ("npx" | "bunx" | "pnpx", _, _) => (NPM, rest),
            ("npm", Some((at, "exec" | "x")), _)
            | ("pnpm" | "yarn", Some((at, "dlx")), _)
            | ("bun", Some((at, "x")), _) => (NPM, behind(at)),
            ("uvx", _, _) => (UVX, rest),
            ("uv", Some((_, "tool")), Some((at, "run"))) => (UVX, behind(at)),
            ("uv", Some((at, "run")), _) => (UV_RUN, behind(at)),
            ("pipx", Some((at, "run")), _) => (UVX, behind(at)),
            ("docker" | "podman" | "nerdctl", Some((at, "run")), _)
            | ("docker" | "podman", Some((_, "container")), Some((at, "run"))) => {
                (DOCKER, behind(at))
            }
            ("broker", _, _) => {
                let dashes = rest.iter().position(|(_, word)| *word == "--")?;
                at = at.saturating_add(dashes).saturating_add(2);
                continue;
            }
            // What starts another program in the same line.
            ("cmd" | "env" | "sudo" | "wsl" | "exec", _, _) => {
                let is_program = |(_, word): &&(&Place, &str)| {
                    !word.starts_with(['-', '/']) && !word.contains('=')
                };
                let next = rest.iter().position(|word| is_program(&word))?;
                at = at.saturating_add(next).saturating_add(1);
                continue;
            }
            _ => return None,
        };
        return Some(found);
    }
}

impl Launcher {
    /// Returns the packages that the words behind a launcher name.
    fn packages<'e>(&self, words: &[(&'e Place, &'e str)]) -> Vec<(&'e Place, &'e str)> {
        let is_of = |list: &str, name: &str| list.split_whitespace().any(|one| one == name);
        let (mut found, mut has_package) = (Vec::new(), false);
        let mut rest = words.iter().copied();
        while let Some((place, word)) = rest.next() {
            if !word.starts_with('-') {
                if self.first && !has_package {
                    found.push((place, word));
                }
                return found;
            }
            if word == "--" {
                continue;
            }
            let (name, glued) = match word.split_once('=') {
                Some((name, value)) => (name, Some((place, value))),
                None => (word, None),
            };
            if is_of(self.instead, name) || is_of(self.besides, name) {
                has_package |= is_of(self.instead, name);
                found.extend(glued.or_else(|| rest.next()));
            } else if is_of(self.valued, name) && glued.is_none() {
                rest.next();
            }
        }
        found
    }
}

/// The last part of a path, without what Windows puts behind the names of programs.
fn base(word: &str) -> String {
    let name = word
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let bare = [".exe", ".cmd", ".bat"]
        .iter()
        .find_map(|end| name.strip_suffix(end));
    bare.unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::super::super::{Item, Literal};
    use super::*;

    fn unpinned_in(line: &str) -> Vec<usize> {
        let items = line.split(' ').enumerate().map(|(at, word)| Item {
            place: at.checked_sub(1).map_or(Place::Command, Place::Argument),
            text: Literal::new(word.to_owned()),
        });
        let entry = Entry {
            server: "x".into(),
            is_disabled: false,
            items: items.collect(),
        };
        let places = unpinned(&entry);
        let number = |place: &Place| match place {
            Place::Argument(at) => Some(*at),
            Place::Command
            | Place::Variable(_)
            | Place::Header(_)
            | Place::Url
            | Place::EnvFile
            | Place::Other(_) => None,
        };
        places
            .iter()
            .map(|place| number(place).expect("an argument"))
            .collect()
    }

    #[test]
    fn a_package_without_one_version_is_seen_in_every_launcher() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (line, places) in [
            ("npx -y some-mcp", &[1][..]),
            ("npx -y some-mcp@latest --port 1", &[1]),
            ("npx -y @s/some-mcp@1.2.3", &[]),
            ("npx -y --package=some-mcp some-program", &[1]),
            ("npx -p some-mcp@1.0.0 -p other some-program", &[3]),
            ("cmd /c npx -y some-mcp", &[3]),
            ("env A=b npx -y some-mcp", &[3]),
            ("broker exec x --pass A -- npx -y some-mcp", &[7]),
            ("/opt/broker --home /h exec x -- npx some-mcp@1.0.0", &[]),
            ("broker exec x", &[]),
            ("C:\\nodejs\\npx.cmd -y some-mcp", &[1]),
            ("npm exec -y some-mcp", &[2]),
            ("bunx some-mcp", &[0]),
            ("bun x some-mcp@1.0.0", &[]),
            ("pnpm dlx some-mcp", &[1]),
            ("uvx some-mcp", &[0]),
            ("uvx some-mcp==1.2.3", &[]),
            ("uvx some-mcp@1.2.3", &[]),
            ("uvx --from git+https://example.org/r some-mcp", &[1]),
            ("uvx --python 3.12 --with extra some-mcp==1.0", &[3]),
            ("uv tool run some-mcp", &[2]),
            ("uv --directory /x run server.py", &[]),
            ("uv run --with mcp server.py", &[2]),
            ("pipx run --spec some-mcp==1.0 some-mcp", &[]),
            ("docker run -i --rm -e A=b mcp/some:1.0", &[5]),
            ("node server.js", &[]),
            ("npx -y ${PACKAGE}", &[]),
            ("npx -y ./local", &[]),
        ] {
            assert_eq!(unpinned_in(line), places, "{line}");
        }
        let pinned = format!("uvx --from git+https://example.org/r@{commit} some-mcp");
        assert!(unpinned_in(&pinned).is_empty());
        let digest = "0".repeat(64);
        assert!(unpinned_in(&format!("docker run mcp/some@sha256:{digest}")).is_empty());
    }
}
