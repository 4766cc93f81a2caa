//! What names a package: one version of it, whatever version there is, or code from somewhere else.
//!
//! Reads the name alone, whoever fetches it; which word of a command line is one is for others to say.

/// What a spec holds on to.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spec {
    /// One version of a package in a registry.
    Exact,
    /// A package in a registry, in whatever version there is.
    Loose,
    /// Code from a place that is no registry, the same in any folder.
    Foreign,
    /// Code that is looked up from the current folder.
    Local,
}

/// Reads what npm takes as a package (the rules of its `npm-package-arg`).
pub fn npm(word: &str) -> Spec {
    if is_url(word) {
        return url(word);
    }
    let (name, rest) = match word.char_indices().skip(1).find(|(_, c)| *c == '@') {
        Some((at, _)) => word.split_at(at),
        None => (word, ""),
    };
    let is_scoped = name.starts_with('@');
    if !is_scoped && (name.contains('/') || is_archive(name) || name.starts_with(['.', '~'])) {
        return path(word);
    }
    if is_scoped && (name.matches('/').count() != 1 || name.ends_with('/')) {
        return Spec::Local;
    }
    let rest = rest.strip_prefix('@').unwrap_or(rest);
    if let Some(alias) = strip_prefix_ignoring_case(rest, "npm:") {
        return npm(alias);
    }
    if is_url(rest) {
        return url(rest);
    }
    if rest.contains('/') || rest.starts_with(['.', '~']) || is_archive(rest) {
        return path(rest);
    }
    if is_version(rest) {
        Spec::Exact
    } else {
        Spec::Loose
    }
}

/// Tells a repository of a known host, `USER/REPOSITORY`, from a path.
fn path(word: &str) -> Spec {
    let is_repository = word.matches('/').count() == 1
        && !word.starts_with(['.', '~', '/'])
        && !word.ends_with('/')
        && !is_archive(word);
    if word.starts_with('/') || word.starts_with("~/") || is_repository {
        Spec::Foreign
    } else {
        Spec::Local
    }
}

fn is_archive(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    [".tgz", ".tar.gz", ".tar"]
        .iter()
        .any(|end| word.ends_with(end))
}

/// Tells an address by its scheme, or a repository as ssh(1) names it, `USER@HOST.DOMAIN:PATH`.
fn is_url(word: &str) -> bool {
    let is_scheme = |scheme: &str| {
        !scheme.is_empty()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    let Some((head, _)) = word.split_once(':') else {
        return false;
    };
    let host = head.split_once('@').map(|(_, host)| host);
    is_scheme(head) || host.is_some_and(|host| host.contains('.') && is_scheme(host))
}

/// Tells an address from a path of this machine that begins in the current folder.
fn url(word: &str) -> Spec {
    let is_drive = word.chars().nth(1) == Some(':');
    match strip_prefix_ignoring_case(word, "file:") {
        Some(rest) if !rest.starts_with('/') => Spec::Local,
        None if is_drive => Spec::Local,
        Some(_) | None => Spec::Foreign,
    }
}

fn strip_prefix_ignoring_case<'a>(word: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = word.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// Tells whether `word` is one version of semantic versioning, without any sign of a range.
fn is_version(word: &str) -> bool {
    let core = word.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    let is_number = |n: &&str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    let tail = word.get(core.len()..).unwrap_or_default();
    let is_tail = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    numbers.len() == 3 && numbers.iter().all(is_number) && tail.chars().all(is_tail)
}

/// Reads what uv and pipx take as a requirement (PEP 508, and `NAME@VERSION` of `uvx`).
pub fn python(word: &str) -> Spec {
    let word = word.trim();
    let (name, rest) = match word.find(['=', '@', '<', '>', '~', '!', ';', ' ']) {
        Some(at) => word.split_at(at),
        None => (word, ""),
    };
    let bare = name.split('[').next().unwrap_or_default();
    let is_name = !bare.is_empty()
        && bare
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        && !bare.starts_with(['.', '-'])
        && !is_distribution(name);
    if !is_name {
        return somewhere(word);
    }
    let rest = rest.trim();
    if let Some(at) = rest.strip_prefix('@') {
        let at = at.trim();
        let is_version = is_release(at) && !is_distribution(at);
        return if is_version {
            Spec::Exact
        } else if at.contains(['/', ':', '.']) {
            somewhere(at)
        } else {
            Spec::Loose
        };
    }
    let version = rest.strip_prefix("===").or_else(|| rest.strip_prefix("=="));
    match version.map(str::trim) {
        Some(version) if is_release(version) => Spec::Exact,
        Some(_) | None => Spec::Loose,
    }
}

/// Tells whether `word` is one release (PEP 440): no `*`, no second condition.
fn is_release(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '!' | '_' | '-');
    word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(fits)
}

fn is_distribution(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    [
        ".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".py",
    ]
    .iter()
    .any(|end| word.ends_with(end))
}

/// Tells an address or an absolute path from one that begins in the current folder.
fn somewhere(word: &str) -> Spec {
    if is_url(word) {
        url(word)
    } else if word.starts_with('/') {
        Spec::Foreign
    } else {
        Spec::Local
    }
}

/// Tells whether an image is named by what is in it.
#[must_use]
pub fn is_digest(image: &str) -> bool {
    let digest = image.rsplit_once("@sha256:").map(|(_, digest)| digest);
    digest.is_some_and(|d| d.len() == 64 && d.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_of_npm_is_pinned_by_one_whole_version_alone() {
        for (word, expected) in [
            ("name@1.2.3", Spec::Exact),
            ("@s/n@1.2.3", Spec::Exact),
            ("@s/n@1.2.3-rc.1+b", Spec::Exact),
            ("x@npm:name@1.2.3", Spec::Exact),
            ("x@NPM:@s/n@1.2.3", Spec::Exact),
            ("x@npm:name", Spec::Loose),
            ("name", Spec::Loose),
            ("@s/n", Spec::Loose),
            ("name@", Spec::Loose),
            ("name@latest", Spec::Loose),
            ("name@^1.2.3", Spec::Loose),
            ("name@1", Spec::Loose),
            ("name@1.x", Spec::Loose),
            ("name@1.2.x", Spec::Loose),
            ("name@*", Spec::Loose),
            ("name@v1.2.3", Spec::Loose),
            ("name@=1.2.3", Spec::Loose),
            ("name@1.2.3 || 2", Spec::Loose),
            ("u/r", Spec::Foreign),
            ("github:u/r", Spec::Foreign),
            ("name@u/r", Spec::Foreign),
            ("name@github:u/r", Spec::Foreign),
            ("git+https://example.org/r.git", Spec::Foreign),
            ("git@example.org:u/r.git", Spec::Foreign),
            ("name@git+ssh://git@example.org/r", Spec::Foreign),
            ("https://example.org/x.tgz", Spec::Foreign),
            ("name@https://example.org/x.tgz", Spec::Foreign),
            ("/x", Spec::Foreign),
            ("~/x", Spec::Foreign),
            ("file:///x", Spec::Foreign),
            ("n@/x", Spec::Foreign),
            (".", Spec::Local),
            ("..", Spec::Local),
            ("./x", Spec::Local),
            ("../x", Spec::Local),
            ("a/b/c", Spec::Local),
            ("file:x", Spec::Local),
            ("FILE:x", Spec::Local),
            ("n@file:./x", Spec::Local),
            ("n@./x", Spec::Local),
            ("@s/n@./x", Spec::Local),
            ("lo.tgz", Spec::Local),
            ("n@lo.tgz", Spec::Local),
            ("lo.TAR.GZ", Spec::Local),
            ("@s", Spec::Local),
            ("@s/n/x", Spec::Local),
        ] {
            assert_eq!(npm(word), expected, "{word}");
        }
    }

    #[test]
    fn a_requirement_of_python_is_pinned_by_one_release_alone() {
        for (word, expected) in [
            ("pkg==1.2.3", Spec::Exact),
            ("pkg===1.2.3", Spec::Exact),
            ("pkg == 1.2", Spec::Exact),
            ("pkg[a,b]==1.2.3", Spec::Exact),
            ("pkg@1.2.3", Spec::Exact),
            ("pkg[a]@1.2.3", Spec::Exact),
            ("pkg", Spec::Loose),
            ("pkg[a]", Spec::Loose),
            ("pkg@latest", Spec::Loose),
            ("pkg>=1", Spec::Loose),
            ("pkg~=1.2", Spec::Loose),
            ("pkg==1.*", Spec::Loose),
            ("pkg==1.2,<3", Spec::Loose),
            ("pkg!=1", Spec::Loose),
            ("git+https://example.org/r", Spec::Foreign),
            ("https://example.org/p-1.0-py3-none-any.whl", Spec::Foreign),
            ("pkg @ https://example.org/p.whl", Spec::Foreign),
            ("pkg @ git+https://example.org/r@v1", Spec::Foreign),
            ("/abs/dir", Spec::Foreign),
            ("file:///abs", Spec::Foreign),
            ("pkg @ file:///abs", Spec::Foreign),
            ("./x", Spec::Local),
            ("../x", Spec::Local),
            ("x/y", Spec::Local),
            ("x@./x", Spec::Local),
            ("x@file:x", Spec::Local),
            ("x@1.0.whl", Spec::Local),
            ("file:./x", Spec::Local),
            ("p-1.0-py3-none-any.whl", Spec::Local),
            ("p-1.0.tar.gz", Spec::Local),
            (".", Spec::Local),
            ("~/x", Spec::Local),
            ("", Spec::Local),
        ] {
            assert_eq!(python(word), expected, "{word}");
        }
    }

    #[test]
    fn an_image_is_pinned_by_its_digest_alone() {
        let digest = "0".repeat(64);
        assert!(is_digest(&format!("a/b@sha256:{digest}")));
        assert!(is_digest(&format!("a/b:1@sha256:{digest}")));
        for image in ["a", "a:1", "a@sha256:00", &format!("a@sha512:{digest}")] {
            assert!(!is_digest(image), "{image}");
        }
    }
}
