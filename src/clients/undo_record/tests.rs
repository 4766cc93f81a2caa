//! What a record keeps is put together to the byte, holds no value, and survives being written.

use proptest::prelude::*;

use super::*;
use crate::clients::edit::made_tests::{Dice, SECRET, json, toml};
use crate::clients::edit::tests::{file, protecting};
use crate::clients::edit::{Change, Piece, Splice, edit};
use crate::clients::tests::{VECTORS, file_of, parsed, vector};
use crate::store::Version;

fn secret(id: &str) -> SecretRef {
    SecretRef {
        id: id.to_owned(),
        name: "name".parse().expect("a name"),
        version: Version(3),
    }
}

/// Makes a record of changes in which every text with `needle` in it is a secret. The secrets are `values`, by number.
fn record(
    client: &'static Client,
    file: &'static ClientFile,
    undo: &[Undo],
    needle: &str,
    values: &std::cell::RefCell<Vec<String>>,
) -> Result<UndoRecord, UndoRecordError> {
    let parts = |_: &Undo, _: &Place, text: &str| {
        if !text.contains(needle) {
            return vec![Part::Text(text.to_owned())];
        }
        let mut values = values.borrow_mut();
        let number = values.len();
        values.push(text.to_owned());
        vec![Part::Secret(secret(&number.to_string()))]
    };
    let path = Path::new("/a/b.json");
    UndoRecord::new(
        Timestamp::UNIX_EPOCH,
        client,
        file,
        path,
        path,
        "after",
        undo,
        vec![],
        &parts,
    )
}

/// Demands that a record gives the changes back it was made of, also after it was written and read.
fn gives_back(record: &UndoRecord, undo: &[Undo], values: &[String]) {
    let written = serde_json::to_string(record).expect("written");
    let read: UndoRecord = serde_json::from_str(&written).expect("read");
    assert_eq!(read, *record);
    let value = |secret: &SecretRef| {
        let at: usize = secret.id.parse().expect("a number");
        values.get(at).map(|text| Literal::new(text.clone()))
    };
    // In the same order, but entry by entry where one is asked for.
    assert_eq!(read.undo(&|_| true, &value), undo);
    for entry in read.entries() {
        let own = undo
            .iter()
            .filter(|one| one.server == entry.server && one.under == entry.under);
        let own: Vec<Undo> = own.cloned().collect();
        assert_eq!(read.undo(&|one| *one == entry, &value), own);
    }
}

#[test]
fn the_record_of_every_clients_file_gives_the_changes_back_and_holds_no_value() {
    for (name, client, number) in VECTORS {
        let (client, file) = file_of(client, number);
        if !file.format.is_edited() {
            continue;
        }
        let document = parsed(&vector(name), file);
        let found = document.entries(file);
        let edits = protecting(&found, "-q7Rk2Xv9");
        let edited = edit(&document, file.shape, &edits).expect("edited");
        is_keepable(file, &edited.undo).expect("keepable");
        let values = std::cell::RefCell::default();
        let record = record(client, file, &edited.undo, "-q7Rk2Xv9", &values).expect("kept");
        let written = serde_json::to_string(&record).expect("written");
        assert!(!written.contains("q7Rk2Xv9"), "{name}: {written}");
        gives_back(&record, &edited.undo, &values.borrow());
        assert_eq!(record.client().expect("known").1.format, file.format);
    }
}

/// What a document that is made up comes to: a record that gives everything back, or a refusal of a token that has no
/// style, which was told of before.
fn round(name: &str, rolls: Vec<u32>, make: impl Fn(&mut Dice) -> String) {
    let file = file(name);
    let text = make(&mut Dice::new(rolls));
    let document = parsed(&text, file);
    let found = document.entries(file);
    let edits = protecting(&found, SECRET);
    let Ok(edited) = edit(&document, file.shape, &edits) else {
        return;
    };
    let client = table::CLIENTS.iter().copied();
    let is_its = |client: &&Client| client.files.iter().any(|one| std::ptr::eq(one, file));
    let client = client.clone().find(is_its).expect("a client");
    let values = std::cell::RefCell::default();
    let made = record(client, file, &edited.undo, SECRET, &values);
    match (made, is_keepable(file, &edited.undo)) {
        (Ok(record), _) => {
            let written = serde_json::to_string(&record).expect("written");
            // A program stays in the file, whatever is in it.
            let is_in_program = found.iter().any(|one| {
                one.entry
                    .command()
                    .is_some_and(|(program, _)| program.contains(SECRET))
            });
            assert!(is_in_program || !written.contains(SECRET), "{written}");
            gives_back(&record, &edited.undo, &values.borrow());
        }
        (Err(refusal), Err(told)) => {
            assert!(!refusal.to_string().contains(SECRET) && !told.to_string().contains(SECRET));
        }
        (Err(refusal), Ok(())) => panic!("not told of before: {refusal}: {text}"),
    }
}

fn rolls() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(any::<u32>(), 0..600)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_of_json_gives_back_what_stood_there(rolls in rolls()) {
        round("kiro.json", rolls.clone(), |dice| json(dice, false, false));
        round("lm-studio.json", rolls, |dice| json(dice, false, true));
    }

    #[test]
    fn a_record_of_lists_gives_back_what_stood_there(rolls in rolls()) {
        round("opencode.jsonc", rolls, |dice| json(dice, true, true));
    }

    #[test]
    fn a_record_of_toml_gives_back_what_stood_there(rolls in rolls()) {
        round("codex.toml", rolls, toml);
    }
}

/// A change of one variable, of which the token is that.
fn of_token(token: &str) -> Vec<Undo> {
    let place = Place::Variable("K".to_owned());
    vec![Undo {
        under: vec!["mcp_servers".to_owned()],
        server: "a".to_owned(),
        change: Change::Set(place.clone()),
        splices: vec![Splice {
            span: 3..6,
            order: 0,
            new: "new".to_owned(),
            old: vec![
                Piece::Text("K = ".to_owned()),
                Piece::Token(place, Literal::new(token.to_owned())),
            ],
        }],
    }]
}

#[test]
fn a_token_is_kept_or_refused_by_how_it_is_written() {
    let (json, toml) = (file_of("kiro", 0), file_of("codex", 0));
    for ((client, file), token, is_kept) in [
        (json, "\"s\"", true),
        (json, "\"\\/s\\/\"", true),
        (json, "\"\\u00e9s\"", true),
        (json, "\"\\/s/\"", false),
        (json, "\"\\u0073\"", false),
        (json, "\"\\u00E9s\"", false),
        (toml, "'s'", true),
        (toml, "\"s\"", true),
        (toml, "'''s'''", true),
        (toml, "\"\"\"\ns\n\"\"\"", true),
        (toml, "\"\"\"\r\ns\"\"\"", true),
        (toml, "\"\"\"\\\n  s\"\"\"", false),
        (toml, "\"\"\"\\\"s\"\"\"", false),
    ] {
        let undo = of_token(token);
        let values = std::cell::RefCell::default();
        let made = record(client, file, &undo, "s", &values);
        assert_eq!(is_keepable(file, &undo).is_ok(), is_kept, "{token}");
        match made {
            Ok(record) => gives_back(&record, &undo, &values.borrow()),
            Err(UndoRecordError::Spelling { server, place }) => {
                assert_eq!(
                    (server.as_str(), place),
                    ("a", Place::Variable("K".to_owned()))
                );
            }
            Err(other) => panic!("{other}"),
        }
        let made = record(client, file, &undo, "s", &values);
        assert_eq!(
            made.is_ok(),
            is_kept || !values.borrow().iter().any(|one| one.contains('s')),
            "{token}"
        );
    }
}

#[test]
fn parts_have_to_make_up_the_text() {
    let (client, file) = file_of("kiro", 0);
    let text = |text: &str| Part::Text(text.to_owned());
    let path = Path::new("/a");
    let made = |parts: Vec<Part>| {
        let parts = |_: &Undo, _: &Place, _: &str| parts.clone();
        let undo = of_token("\"pre-s-post\"");
        UndoRecord::new(
            Timestamp::UNIX_EPOCH,
            client,
            file,
            path,
            path,
            "",
            &undo,
            vec![],
            &parts,
        )
    };
    let one = || Part::Secret(secret("0"));
    for (parts, is_kept) in [
        (vec![text("pre-"), one(), text("-post")], true),
        (vec![one(), text("-post")], true),
        (vec![text("pre-"), one()], true),
        (vec![one()], true),
        (vec![text("pre"), one(), text("-"), one()], true),
        (vec![text("x"), one()], false),
        (vec![one(), text("x")], false),
        (vec![text("-"), one()], false),
        (vec![one(), text("pre-")], false),
        (vec![one(), text("x"), one()], false),
    ] {
        assert_eq!(made(parts.clone()).is_ok(), is_kept, "{parts:?}");
    }
    let record = made(vec![text("pre-"), one(), text("-post")]).expect("kept");
    let back = record.undo(&|_| true, &|_| Some(Literal::new("s".to_owned())));
    assert_eq!(back, of_token("\"pre-s-post\""));
    assert_eq!(record.undo(&|_| true, &|_| None), []);
}

#[test]
fn what_is_left_when_one_entry_is_undone_stands_where_it_is_then() {
    let (client, file) = file_of("kiro", 0);
    let before = "{\"mcpServers\": {\"a\": {\"command\": \"x\", \"env\": {\"K\": \"s-one\"}}, \"b\": {\"command\": \"y\", \"env\": {\"K\": \"s-two\"}}}}";
    let document = parsed(before, file);
    let found = document.entries(file);
    let edited = edit(&document, file.shape, &protecting(&found, "s-")).expect("edited");
    let values = std::cell::RefCell::default();
    let mut record = record(client, file, &edited.undo, "s-", &values).expect("kept");
    let values = values.into_inner();
    let value = |secret: &SecretRef| {
        let at: usize = secret.id.parse().expect("a number");
        Some(Literal::new(values[at].clone()))
    };
    let mut text = edited.text;
    for entry in record.entries() {
        let changes = record.undo(&|one| *one == entry, &value);
        let undone = edit::undo(&parsed(&text, file), file, &changes).expect("undone");
        assert!(undone.is_exact);
        text = undone.text;
        record.was_undone(&[entry], &changes);
    }
    assert_eq!(*text, before);
    assert!(record.is_empty());
}

#[test]
fn a_record_is_over_after_thirty_days() {
    let (client, file) = file_of("kiro", 0);
    let record = record(client, file, &[], "s", &std::cell::RefCell::default()).expect("kept");
    let after = |hours| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
    assert!(!record.is_over(after(30 * 24 - 1)));
    assert!(record.is_over(after(30 * 24)));
    assert!(record.is_after("after") && !record.is_after("After"));
}

#[test]
fn no_record_is_made_of_the_file_of_another_client() {
    let (client, _) = file_of("kiro", 0);
    let (_, file) = file_of("codex", 0);
    let made = record(client, file, &[], "s", &std::cell::RefCell::default());
    assert!(matches!(made, Err(UndoRecordError::File)));
}
