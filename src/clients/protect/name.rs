//! What a secret that was found is called in the store.

use crate::secret::SecretName;

/// The longest name that is suggested, so that there is room for what tells names apart.
const MOST: usize = 96;

/// Suggests a name from the server and the variable or place: `github` and `GITHUB_TOKEN` give `github-token`, `db` and
/// `PASSWORD` give `db-password`. `taken` says which names are in use for something else; of those a number tells it apart.
#[must_use]
pub fn suggest(server: &str, what: &str, taken: &dyn Fn(&SecretName) -> bool) -> SecretName {
    let (server, what) = (plain(server), plain(what));
    let is_named = !server.is_empty()
        && (what == server
            || what
                .strip_prefix(&*server)
                .is_some_and(|rest| rest.starts_with('-')));
    let mut base = match (server.is_empty(), what.is_empty()) {
        (_, false) if is_named => what,
        (true, false) => what,
        (false, true) => server,
        (true, true) => "secret".to_owned(),
        (false, false) => format!("{server}-{what}"),
    };
    base.truncate(MOST);
    let base = base.trim_end_matches(['-', '.']);
    let mut all = (1_u32..).map(|number| match number {
        1 => base.to_owned(),
        _ => format!("{base}-{number}"),
    });
    // A word that is no name, such as a device of Windows, becomes one with a number; both ends are reached.
    let free = all.find_map(|name| name.parse().ok().filter(|name| !taken(name)));
    free.unwrap_or_else(|| suggest("secret", "", taken))
}

/// The letters and digits of a text in lower case, with `-` for everything between them.
fn plain(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(name.trim_end_matches('-').len());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_from_the_server_and_the_variable() {
        let name = |server: &str, what: &str| suggest(server, what, &|_| false).to_string();
        assert_eq!(name("github", "GITHUB_TOKEN"), "github-token");
        assert_eq!(name("db", "PASSWORD"), "db-password");
        assert_eq!(name("My Server (x)", "API_KEY"), "my-server-x-api-key");
        assert_eq!(name("git", "GITHUB_TOKEN"), "git-github-token");
        assert_eq!(name("ключ", "ключ"), "secret");
        assert_eq!(name("", "con"), "con-2", "a device of Windows");
        let long = name(&"s".repeat(300), "KEY");
        assert_eq!(long.len(), MOST);
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let taken = |name: &SecretName| matches!(name.as_str(), "a-key" | "a-key-2");
        assert_eq!(suggest("a", "KEY", &taken).as_str(), "a-key-3");
    }
}
