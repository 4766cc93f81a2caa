//! Which secrets of an entry can be taken out, and what becomes of the entry.

use super::*;
use crate::clients::document::Document;
use crate::clients::edit::edit;
use crate::clients::tests::{file_of, parsed};

/// A value that is one by the name above it alone, and one by its shape.
const VALUE: &str = "h8Kq2ZpX9vLm3Rt7";

fn text(entry: &str) -> String {
    format!(r#"{{"mcpServers":{{"s":{entry}}}}}"#)
}

/// The places of what is moved with the variable and the value of each, and those of what is left, of an entry; and what the
/// entry is then.
fn done(entry: &str, arguments: bool) -> (Vec<(String, String)>, usize, String) {
    let (_, file) = file_of("kiro", 0);
    let document: Document = parsed(&text(entry), file);
    let found = document.entries(file);
    let plan = plan(&found[0], Confidence::Medium, arguments);
    let moved = plan.moves.iter().map(|one| {
        let place = found[0].entry.get(&one.place).expect("there");
        assert_eq!(place.get(one.span.clone()), Some(one.value.text()));
        (
            one.variable.clone().unwrap_or_default(),
            one.value.text().to_owned(),
        )
    });
    let moved = moved.collect();
    let edits: Vec<_> = plan
        .moves
        .iter()
        .flat_map(|one| one.edits("broker://n"))
        .map(|edit| (&found[0], edit))
        .collect();
    let after = edit(&document, file.shape, &edits).expect("edited").text;
    let after = after.trim_start_matches(r#"{"mcpServers":{"s":"#);
    let after = after.strip_suffix("}}").expect("its end");
    (moved, plan.left.len(), after.to_owned())
}

#[track_caller]
fn moves(entry: &str, variable: &str, value: &str, after: &str) {
    let expected = vec![(variable.to_owned(), value.to_owned())];
    assert_eq!(done(entry, false), (expected, 0, after.to_owned()));
}

#[track_caller]
fn stays(entry: &str) {
    let (moved, left, after) = done(entry, false);
    assert_eq!(moved, []);
    assert!(left > 0, "it is not said");
    assert_eq!(after, entry);
}

#[test]
fn the_whole_text_of_a_variable_is_moved() {
    moves(
        r#"{"command":"x","env":{"PASSWORD":"h8Kq2ZpX9vLm3Rt7","A":"1"}}"#,
        "PASSWORD",
        VALUE,
        r#"{"command":"x","env":{"PASSWORD":"broker://n","A":"1"}}"#,
    );
    moves(
        r#"{"command":"x","env":{"URL":"postgres://u:h8Kq2ZpX9vLm3Rt7@db.example.org/x"}}"#,
        "URL",
        "postgres://u:h8Kq2ZpX9vLm3Rt7@db.example.org/x",
        r#"{"command":"x","env":{"URL":"broker://n"}}"#,
    );
}

#[test]
fn a_variable_of_a_container_is_handed_on_by_its_name() {
    moves(
        r#"{"command":"docker","args":["run","-e","PASSWORD=h8Kq2ZpX9vLm3Rt7","i"]}"#,
        "PASSWORD",
        VALUE,
        r#"{"command":"docker","args":["run","-e","PASSWORD","i"],"env":{"PASSWORD":"broker://n"}}"#,
    );
    moves(
        r#"{"command":"/usr/bin/podman","args":["run","--env=PASSWORD=h8Kq2ZpX9vLm3Rt7","i"]}"#,
        "PASSWORD",
        VALUE,
        r#"{"command":"/usr/bin/podman","args":["run","--env=PASSWORD","i"],"env":{"PASSWORD":"broker://n"}}"#,
    );
    stays(
        r#"{"command":"docker","args":["run","-e","PASSWORD=h8Kq2ZpX9vLm3Rt7","i"],"env":{"PASSWORD":"${env:P}"}}"#,
    );
}

#[test]
fn a_flag_goes_where_the_server_takes_a_variable() {
    for arguments in [
        r#"["-y","@stripe/mcp@1.0.0","--api-key","h8Kq2ZpX9vLm3Rt7"]"#,
        r#"["-y","@stripe/mcp@1.0.0","--api-key=h8Kq2ZpX9vLm3Rt7"]"#,
    ] {
        moves(
            &format!(r#"{{"command":"npx","args":{arguments}}}"#),
            "STRIPE_SECRET_KEY",
            VALUE,
            r#"{"command":"npx","args":["-y","@stripe/mcp@1.0.0"],"env":{"STRIPE_SECRET_KEY":"broker://n"}}"#,
        );
    }
    stays(r#"{"command":"npx","args":["other","--api-key","h8Kq2ZpX9vLm3Rt7"]}"#);
}

#[test]
fn what_a_script_sets_for_its_command_becomes_a_variable() {
    for (script, short) in [
        ("PASSWORD=h8Kq2ZpX9vLm3Rt7 run --x", "run --x"),
        ("A=1 PASSWORD='h8Kq2ZpX9vLm3Rt7'  run", "A=1 run"),
        ("cd /x && PASSWORD=h8Kq2ZpX9vLm3Rt7 run", "cd /x && run"),
    ] {
        moves(
            &format!(r#"{{"command":"bash","args":["-c","{script}"]}}"#),
            "PASSWORD",
            VALUE,
            &format!(
                r#"{{"command":"bash","args":["-c","{short}"],"env":{{"PASSWORD":"broker://n"}}}}"#
            ),
        );
    }
    // Another word than what is set, or more than a word.
    for script in [
        "PASSWORD=h8Kq2ZpX9vLm3Rt7; run",
        "PASSWORD=h8Kq2ZpX9vLm3Rt7",
        "PASSWORD=h8Kq2ZpX9vLm3Rt7$X run",
        "run --password h8Kq2ZpX9vLm3Rt7",
    ] {
        stays(&format!(r#"{{"command":"bash","args":["-c","{script}"]}}"#));
    }
}

#[test]
fn an_argument_becomes_a_reference_only_where_that_was_asked_for() {
    let entry = r#"{"command":"x","args":["--password","h8Kq2ZpX9vLm3Rt7"]}"#;
    stays(entry);
    let (moved, left, after) = done(entry, true);
    assert_eq!(moved, [(String::new(), VALUE.to_owned())]);
    assert_eq!(left, 0);
    assert_eq!(
        after,
        r#"{"command":"x","args":["--password","broker://n"]}"#
    );
    // No reference can stand in a part of a text.
    let (moved, left, _) = done(
        r#"{"command":"x","args":["--password=h8Kq2ZpX9vLm3Rt7"]}"#,
        true,
    );
    assert_eq!((moved, left), (vec![], 1));
}

#[test]
fn what_is_for_a_remote_server_or_twice_there_is_left() {
    stays(
        r#"{"url":"https://x.example/mcp","headers":{"Authorization":"Bearer h8Kq2ZpX9vLm3Rt7"}}"#,
    );
    let (_, file) = file_of("kiro", 0);
    let twice = r#"{"mcpServers":{"s":{"command":"x","env":{"PASSWORD":"h8Kq2ZpX9vLm3Rt7"}},"s":{"command":"x"}}}"#;
    let found = parsed(twice, file).entries(file);
    let plan = plan(&found[0], Confidence::Medium, false);
    assert_eq!((plan.moves.len(), plan.left.len()), (0, 1));
}

#[test]
fn words_of_broker_are_no_arguments_of_the_server() {
    stays(
        r#"{"command":"broker","args":["exec","s","--env","PASSWORD=h8Kq2ZpX9vLm3Rt7","--","x"]}"#,
    );
    moves(
        r#"{"command":"broker","args":["exec","s","--","docker","run","-e","PASSWORD=h8Kq2ZpX9vLm3Rt7"]}"#,
        "PASSWORD",
        VALUE,
        r#"{"command":"broker","args":["exec","s","--","docker","run","-e","PASSWORD"],"env":{"PASSWORD":"broker://n"}}"#,
    );
}
