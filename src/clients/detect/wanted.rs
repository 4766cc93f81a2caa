//! Servers that take by a variable what they also take by a flag.
//!
//! What stands in a container is left out: a variable would have to be handed on to it. A variable takes the whole value of its flag: a connection string, not only the password in it.

/// A package, one of its flags in lower case, and the variable that does the same.
const KNOWN: [(&str, &str, &str); 7] = [
    // The README of each.
    (
        "@supabase/mcp-server-supabase",
        "access-token",
        "SUPABASE_ACCESS_TOKEN",
    ),
    ("@stripe/mcp", "api-key", "STRIPE_SECRET_KEY"),
    ("@sentry/mcp-server", "access-token", "SENTRY_ACCESS_TOKEN"),
    ("@upstash/context7-mcp", "api-key", "CONTEXT7_API_KEY"),
    ("figma-developer-mcp", "figma-api-key", "FIGMA_API_KEY"),
    (
        "mongodb-mcp-server",
        "connectionstring",
        "MDB_MCP_CONNECTION_STRING",
    ),
    (
        "mongodb-mcp-server",
        "apiclientsecret",
        "MDB_MCP_API_CLIENT_SECRET",
    ),
];

/// Returns the server that a command line starts, if it is one of those.
pub(super) fn server<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    words.find_map(|word| {
        let known = KNOWN.iter().map(|(package, _, _)| *package);
        known.into_iter().find(|package| names(word, package))
    })
}

/// Returns the variable by which a server takes what `flag` gives it.
pub(super) fn variable(server: Option<&str>, flag: &str) -> Option<&'static str> {
    let is_it = |(package, name, _): &&(&str, &str, &str)| {
        Some(*package) == server && name.eq_ignore_ascii_case(flag)
    };
    KNOWN.iter().find(is_it).map(|(_, _, variable)| *variable)
}

/// Tells whether a word is a package, in any version.
fn names(word: &str, package: &str) -> bool {
    let rest = word.strip_prefix(package);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['@', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_server_has_a_variable_for_its_flag() {
        let line = ["-y", "@stripe/mcp@0.3.3", "--api-key=x"];
        let found = server(line.into_iter());
        assert_eq!(variable(found, "api-key"), Some("STRIPE_SECRET_KEY"));
        assert_eq!(variable(found, "tools"), None);
        assert_eq!(server(["-y", "@stripe/mcp-other"].into_iter()), None);
    }
}
