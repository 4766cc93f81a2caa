//! What a rotation command says: shown on stderr, and no value in it.

use std::fs;

use super::{SECOND, home, record};
use crate::rotation::given;

#[test]
fn what_the_command_says_is_shown_with_the_old_and_the_new_value_masked() {
    let home = home();
    let script = format!(
        "#!/usr/bin/python3\nimport base64, json, os, shlex, sys, urllib.parse\n\
        new = '{SECOND}'\nprint(new)\n\
        for value in [os.environ['BROKER_CURRENT'], new]:\n\
        \x20   data = value.encode()\n\
        \x20   for word in [value, data.hex(), data.hex().upper(), json.dumps(value), repr(value), shlex.quote(value),\n\
        \x20               urllib.parse.quote(value), urllib.parse.quote_plus(value)]:\n\
        \x20       print('says', word, 'behind', file=sys.stderr)\n\
        \x20   for before in range(3):\n\
        \x20       for encode in [base64.b64encode, base64.urlsafe_b64encode]:\n\
        \x20           print(encode(b'x' * before + data + b'yz').decode(), file=sys.stderr)\n\
        print('\\x1b[2Jbroker: rotated \"a\"', file=sys.stderr)\n"
    );
    record(&home, &script);
    let said = home.broker(["rotate", "a", "--run"]).run().ok().stderr;
    assert_eq!(said.matches("broker: command: says").count(), 16, "{said}");
    assert!(said.matches("[masked]").count() >= 28, "{said}");
    let lines = said
        .lines()
        .filter_map(|line| line.strip_prefix("broker: command: "));
    for line in lines {
        let rest = line.replace("[masked]", "");
        let is_plain = rest.starts_with("says ") || rest.len() <= 8 || rest.contains("u{1b}");
        assert!(is_plain, "{line}");
    }
    for part in [
        "canary", "hook", "kind", "63616e61", "63616E61", "Y2FuYXJ5", "NhbmFye", "jYW5hcn",
    ] {
        assert!(!said.contains(part), "{part}: {said}");
    }
    assert!(
        said.contains("broker: command: \\u{1b}[2Jbroker: rotated"),
        "{said}"
    );
    assert_eq!(given(&home), SECOND);
    let log = fs::read_to_string(home.path(".local/state/broker/log/000001.jsonl")).expect("a log");
    assert!(!log.contains("canary") && !log.contains("says"), "{log}");
}

#[test]
fn what_a_failed_command_says_is_shown_too_with_all_it_printed_masked() {
    let script = "#!/bin/sh\necho canary-not-taken\necho \"no: canary-not-taken, $BROKER_CURRENT\" >&2\nexit 3\n";
    let home = home();
    record(&home, script);
    let said = home.broker(["rotate", "a", "--run"]).run().code(1).stderr;
    assert!(
        said.contains("broker: command: no: [masked], [masked]\n"),
        "{said}"
    );
    assert!(!said.contains("canary"), "{said}");
}

#[test]
fn what_cannot_be_masked_is_not_shown() {
    let notice = "broker: what the command wrote on stderr is not shown, since it cannot be masked: a value has fewer than 8 bytes\n";
    let home = home();
    record(&home, "#!/bin/sh\necho short\necho 'this is short' >&2\n");
    let said = home.broker(["rotate", "a", "--run"]).run().ok().stderr;
    assert!(
        said.starts_with(notice) && !said.contains("command: this"),
        "{said}"
    );
    // The old value is the short one now.
    record(
        &home,
        "#!/bin/sh\necho canary-long-enough\necho \"was $BROKER_CURRENT\" >&2\n",
    );
    let said = home.broker(["rotate", "a", "--run"]).run().ok().stderr;
    assert!(
        said.starts_with(notice) && !said.contains("command: was"),
        "{said}"
    );
}

#[test]
fn of_a_command_that_says_much_the_beginning_is_shown() {
    let home = home();
    let script = "#!/bin/sh\ni=0\nwhile [ $i -lt 3000 ]; do echo \"line $i of many, and $BROKER_CURRENT\" >&2; i=$((i + 1)); done\n\
        echo canary-long-enough\n";
    record(&home, script);
    let said = home.broker(["rotate", "a", "--run"]).run().ok().stderr;
    assert!(
        said.contains("command: line 0 of many, and [masked]\n"),
        "{said}"
    );
    assert!(said.contains("what the command wrote behind that is left out"));
    assert!(said.len() < 200_000 && !said.contains("canary") && !said.contains("line 2999 "));
}
