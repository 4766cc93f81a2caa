//! Servers that take by a variable what they also take by a flag.

/// A package, one of its flags, and the variable that does the same.
const KNOWN: [(&str, &str, &str); 0] = [];

/// Returns the variable by which the server of a command line takes what `flag` gives it.
pub(super) fn variable<'a>(
    words: impl Iterator<Item = &'a str>,
    flag: &str,
) -> Option<&'static str> {
    let flag = flag.to_ascii_lowercase();
    let mut words = words;
    let known = KNOWN.iter().filter(|(_, of, _)| *of == flag);
    let known: Vec<_> = known.collect();
    if known.is_empty() {
        return None;
    }
    words.find_map(|word| {
        known
            .iter()
            .find(|(package, _, _)| names(word, package))
            .map(|(_, _, variable)| *variable)
    })
}

/// Tells whether a word is a package, in any version.
fn names(word: &str, package: &str) -> bool {
    let rest = word.strip_prefix(package);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['@', '=']))
}
