//! Everything that a grant binds, changed alone, is refused before a store is asked, and the difference is told.

use std::fs;

use super::{
    Start, first_in_path, put, refused, requests, server, started, unattended, unattended_on,
};
use crate::support::bus::Bus;
use crate::support::home::Home;

/// A change of one field.
struct Change {
    /// What is allowed, made from the plain start.
    granted: fn(&Home, Start) -> Start,
    /// What is asked for, made from what is allowed.
    changed: fn(&Home, Start) -> Start,
    /// What the refusal says.
    says: &'static str,
}

/// What the changes start from: a server that is looked up, with one of everything.
fn plain(home: &Home) -> Start {
    Start::of(["server", "first", "second"])
        .label("s")
        .flags(&[
            "--env",
            "A=broker://a",
            "--env",
            "LITERAL=one",
            "--pass",
            "PASSED",
        ])
        .caller("PASSED", "plain")
        .caller("PATH", first_in_path(home, "bin"))
        .within(home.path("work"))
}

fn same(_: &Home, start: Start) -> Start {
    start
}

fn filled(home: Home) -> Home {
    for folder in ["work", "other"] {
        fs::create_dir(home.path(folder)).expect("created");
    }
    for program in ["bin/server", "bin/second", "twin/server"] {
        server(&home, program);
    }
    home.secret("a", "canary-a-value")
        .secret("b", "canary-b-value")
}

/// Allows what is granted, sees it start, and sees it refused when it is changed.
#[track_caller]
fn check(home: &Home, change: &Change) {
    let granted = (change.granted)(home, plain(home));
    let allowed = granted.allow(home);
    started(home, &granted);
    let changed = (change.changed)(home, granted);
    let answer = refused(home, &changed, "grant-changed", change.says);
    let hint = super::error(&answer)["hint"]
        .as_str()
        .expect("a hint")
        .to_owned();
    let id = requests(home).pop().expect("a request");
    assert!(hint.ends_with(&format!("allow {id}")), "{hint}");
    let _ = home.broker(["revoke", &allowed]).run().ok();
}

macro_rules! changes {
    ($($name:ident: $granted:expr => $changed:expr, $says:literal;)*) => {
        $(#[test]
        fn $name() {
            let change = Change { granted: $granted, changed: $changed, says: $says };
            check(&filled(unattended()), &change);
        })*

        #[test]
        fn the_keychain_is_asked_for_none_of_these_changes() {
            let bus = Bus::start();
            let home = filled(unattended_on(&bus));
            $(
                let change = Change { granted: $granted, changed: $changed, says: $says };
                check(&home, &change);
                let _ = server(&home, "bin/server");
            )*
        }
    };
}

changes! {
    another_label_is_refused: same => |_, s| s.label("t"), "it was allowed as the server \"s\"";
    no_label_is_refused:
        same => |_, s| Start { label: None, ..s }, "it was allowed as the server \"s\"";
    a_label_where_there_was_none_is_refused:
        |_, s| Start { label: None, ..s } => |_, s| s.label("s"),
        "it was allowed without a server's label";
    another_program_is_refused:
        same => |_, s| s.words(["second", "first", "second"]), "the program was allowed as";
    the_same_program_in_another_place_is_refused:
        |home, s| s.words([home.path("bin/server")])
            => |home, s| s.words([home.path("twin/server")]),
        "the program was allowed as";
    another_word_for_the_same_program_is_refused:
        same => |home, s| s.words([
            home.path("bin/server").into_os_string(), "first".into(), "second".into(),
        ]),
        "the program was allowed by the name server";
    a_changed_argument_is_refused:
        same => |_, s| s.words(["server", "first", "secone"]), "argument 2 was second";
    an_added_argument_is_refused:
        same => |_, s| s.words(["server", "first", "second", "third"]), "there were 2 arguments";
    an_argument_that_is_left_out_is_refused:
        same => |_, s| s.words(["server", "first"]), "there were 2 arguments";
    reordered_arguments_are_refused:
        same => |_, s| s.words(["server", "second", "first"]), "argument 1 was first";
    split_arguments_are_refused:
        same => |_, s| s.words(["server", "first second"]), "there were 2 arguments";
    an_empty_argument_more_is_refused:
        same => |_, s| s.words(["server", "first", "second", ""]), "there were 2 arguments";
    another_secret_is_refused:
        same => |_, s| s.with("A=broker://a", "A=broker://b"), "A holds another secret now";
    a_secret_more_is_refused:
        same => |_, s| s.flags(&["--env", "B=broker://b"]), "B had no secret";
    a_secret_more_from_the_caller_is_refused:
        same => |_, s| s.caller("B", "broker://b"), "B had no secret";
    the_same_secret_once_more_is_refused:
        same => |_, s| s.flags(&["--env", "B=broker://a"]), "B had no secret";
    a_secret_less_is_refused:
        |_, s| s.flags(&["--env", "B=broker://b"]) => |_, s| s.without(&["--env", "B=broker://b"]),
        "B held a secret";
    swapped_secrets_are_refused:
        |_, s| s.flags(&["--env", "B=broker://b"])
            => |_, s| s.with("B=broker://b", "B=broker://a").with("A=broker://a", "A=broker://b"),
        "B holds another secret now";
    a_secret_under_another_variable_is_refused:
        same => |_, s| s.with("A=broker://a", "AA=broker://a"), "AA had no secret";
    another_text_is_refused:
        same => |_, s| s.with("LITERAL=one", "LITERAL=two"), "LITERAL is set to another text now";
    a_text_more_is_refused:
        same => |_, s| s.flags(&["--env", "MORE=one"]), "MORE was not set";
    a_text_less_is_refused:
        same => |_, s| s.without(&["--env", "LITERAL=one"]), "LITERAL was set";
    an_empty_text_for_a_text_is_refused:
        same => |_, s| s.with("LITERAL=one", "LITERAL="), "LITERAL is set to another text now";
    a_secret_in_the_place_of_a_text_is_refused:
        same => |_, s| s.with("LITERAL=one", "LITERAL=broker://b"), "LITERAL had no secret";
    another_passed_value_is_refused:
        same => |_, s| s.caller("PASSED", "other"), "PASSED has another value now";
    a_variable_passed_more_is_refused:
        same => |_, s| s.flags(&["--pass", "MORE"]).caller("MORE", "x"), "MORE was not passed on";
    a_variable_passed_less_is_refused:
        same => |_, s| s.without(&["--pass", "PASSED"]), "PASSED was passed on";
    any_value_where_one_was_allowed_is_refused:
        same => |_, s| s.with("--pass", "--pass-any"), "PASSED has another value now";
    one_value_where_any_was_allowed_is_refused:
        |_, s| s.with("--pass", "--pass-any") => |_, s| s.with("--pass-any", "--pass"),
        "PASSED has another value now";
    a_text_in_the_place_of_a_passed_value_is_refused:
        same => |_, s| s.without(&["--pass", "PASSED"]).flags(&["--env", "PASSED=plain"]),
        "PASSED was passed on";
    another_folder_is_refused:
        |_, s| s.flags(&["--cwd", "."]) => |home, s| s.within(home.path("other")),
        "it was allowed in the folder";
    a_folder_where_any_was_allowed_is_refused:
        same => |_, s| s.flags(&["--cwd", "."]), "it matters now in which folder it starts";
    any_folder_where_one_was_allowed_is_refused:
        |_, s| s.flags(&["--cwd", "."]) => |_, s| s.without(&["--cwd", "."]),
        "it was allowed in the folder";
    a_relative_program_in_another_folder_is_refused:
        |home, s| {
            server(home, "work/tool");
            s.words(["./tool"])
        } => |home, s| {
            server(home, "other/tool");
            s.within(home.path("other"))
        },
        "it was allowed in the folder";
    a_relative_argument_in_another_folder_is_refused:
        |_, s| s.words(["server", "./settings"]) => |home, s| s.within(home.path("other")),
        "it was allowed in the folder";
    a_relative_argument_that_is_a_file_in_another_folder_is_refused:
        |home, s| {
            put(&home.path("work/settings"), "", 0o600);
            put(&home.path("other/settings"), "", 0o600);
            s.words(["server", "settings"])
        } => |home, s| s.within(home.path("other")),
        "it was allowed in the folder";
    a_path_that_finds_the_program_elsewhere_is_refused:
        same => |home, s| s.caller("PATH", first_in_path(home, "twin")),
        "the program was allowed as";
    another_home_folder_is_refused:
        same => |home, s| s.caller("HOME", home.path("other")), "HOME was";
    install_scripts_are_refused_where_they_were_not_allowed:
        same => |_, s| s.flags(&["--allow-install-scripts"]),
        "install scripts of packages were not decided so";
    install_scripts_where_they_were_allowed_are_part_of_what_was:
        |_, s| s.flags(&["--allow-install-scripts"])
            => |_, s| s.without(&["--allow-install-scripts"]),
        "install scripts of packages were not decided so";
    a_dangerous_variable_more_is_refused:
        same => |_, s| s.flags(&["--env", "LD_PRELOAD=x.so", "--allow-dangerous-env", "LD_PRELOAD"]),
        "LD_PRELOAD was not set";
    a_dangerous_variable_with_another_text_is_refused:
        |_, s| s.flags(&["--env", "NODE_OPTIONS=-r x", "--allow-dangerous-env", "NODE_OPTIONS"])
            => |_, s| s.with("NODE_OPTIONS=-r x", "NODE_OPTIONS=-r y"),
        "NODE_OPTIONS is set to another text now";
    a_dangerous_variable_passed_more_is_refused:
        same => |_, s| s
            .flags(&["--pass-any", "HTTPS_PROXY", "--allow-dangerous-env", "HTTPS_PROXY"])
            .caller("HTTPS_PROXY", "http://127.0.0.1:1"),
        "HTTPS_PROXY was not passed on";
    another_secret_as_an_argument_is_refused:
        |_, s| s.words(["server", "broker://a"]).flags(&["--allow-argv-secret"])
            => |_, s| s.words(["server", "broker://b"]),
        "argument 1 was another secret";
    a_secret_in_the_place_of_an_argument_is_refused:
        same => |_, s| s.words(["server", "first", "broker://a"]).flags(&["--allow-argv-secret"]),
        "argument 2 was second";
    another_content_of_the_program_is_refused:
        same => |home, s| {
            put(&home.path("bin/server"), "#!/bin/sh\n: > ../started # other\n", 0o700);
            s
        },
        "bin/server has changed";
}
