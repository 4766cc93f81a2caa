//! Rotation: the new value beside the old one, back again, and what is due.

mod boundaries;
mod commands;
mod dates;
mod hook;
mod kept;
mod probe;
mod together;

use crate::support::home::Home;

/// Gives the secret `a` another value.
fn rotate(home: &Home, flags: &[&str], value: &str) -> crate::support::home::Answer {
    let words = ["rotate", "a", "--raw"].iter().chain(flags);
    home.broker(words).stdin(value).run()
}

/// Returns the value that a server is given as `V`, whose command was allowed before.
fn given(home: &Home) -> String {
    let answer = server(home).run().ok();
    let line = answer
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("V="));
    line.expect("the variable").to_owned()
}

/// A server that prints its environment.
fn server(home: &Home) -> crate::support::home::Run<'_> {
    home.broker([
        "exec",
        "printer",
        "--env",
        "V=broker://a",
        "--",
        "/usr/bin/env",
    ])
}
