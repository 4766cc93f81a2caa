//! `broker exec`: what a server gets, and how it ends.

mod codes;
mod deadlines;

use crate::support::home::Home;

#[test]
fn a_server_does_not_see_a_variable_that_was_not_named() {
    let home = Home::new()
        .secret("a", "canary-a-3f9c1d")
        .secret("b", "canary-b-77e0aa");
    let seen = home
        .broker(["exec", "--env", "A=broker://a", "--", "/usr/bin/env"])
        .env("UNNAMED", "x")
        .env("AWS_SECRET_ACCESS_KEY", "y")
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
