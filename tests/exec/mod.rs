//! `broker exec`: what a server gets, and how it ends.

mod codes;
mod deadlines;
mod programs;
mod refusals;
mod values;

use std::path::Path;

use crate::support::home::{Home, Run};

/// Puts together the run of a server that leaves a mark, with errors as JSON.
fn touch<'a>(home: &'a Home, flags: &[&str], mark: &Path) -> Run<'a> {
    home.broker(["--json", "exec"].iter().chain(flags))
        .arg("--")
        .arg("/usr/bin/touch")
        .arg(mark)
}

/// Returns the bytes of one variable of a server that was allowed and started with `flags`.
fn variable(home: &Home, name: &str, flags: &[&str]) -> Option<Vec<u8>> {
    let answer = home
        .broker(["exec"].iter().chain(flags))
        .arg("--")
        .arg("/bin/cat")
        .arg("/proc/self/environ")
        .granting()
        .run()
        .ok();
    find_variable(&answer.bytes, name)
}

/// Finds a variable in a block of NUL-terminated ones.
fn find_variable(block: &[u8], name: &str) -> Option<Vec<u8>> {
    let start = format!("{name}=");
    block
        .split(|b| *b == 0)
        .find_map(|one| one.strip_prefix(start.as_bytes()))
        .map(<[u8]>::to_vec)
}

#[test]
fn a_server_does_not_see_a_variable_that_was_not_named() {
    let home = Home::new()
        .secret("a", "canary-a-3f9c1d")
        .secret("b", "canary-b-77e0aa");
    let seen = home
        .broker(["exec", "--env", "A=broker://a", "--", "/usr/bin/env"])
        .env("UNNAMED", "x")
        .env("AWS_SECRET_ACCESS_KEY", "y")
        .granting()
        .run()
        .ok();
    let expected = format!(
        "HOME={}\nPATH=/usr/local/bin:/usr/bin:/bin\nA=canary-a-3f9c1d\n",
        home.path("").display().to_string().trim_end_matches('/')
    );
    let mut lines: Vec<_> = seen.stdout.lines().collect();
    let mut wanted: Vec<_> = expected.lines().collect();
    lines.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
}
