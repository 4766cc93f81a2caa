//! The baseline, on entries made up for it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may abort"
)]

use zeroize::Zeroizing;

use super::record::recorded;
use super::{KnownEntry, KnownFile, Recorded, differences};
use crate::clients::table::{ClientFile, client};
use crate::clients::{Document, Place};
use crate::policy::Seal;

fn seal(byte: u8) -> Seal {
    Seal::new(Zeroizing::new([byte; 64]), 1, false)
}

fn cursor() -> &'static ClientFile {
    client("cursor")
        .and_then(|c| c.files.first())
        .expect("listed")
}

fn entries(path: &str, text: &str, seal: Option<&Seal>) -> Vec<KnownEntry> {
    let file = cursor();
    let document = Document::parse(file.format, text).expect("JSON");
    recorded(path, &document.entries(file), seal)
}

fn file(entries: Vec<KnownEntry>) -> KnownFile {
    KnownFile {
        client: "cursor".to_owned(),
        kind: String::new(),
        file: "/f".to_owned(),
        project: None,
        stamp: None,
        readable: true,
        entries,
    }
}

fn mark(entry: &KnownEntry, place: &Place) -> String {
    match entry
        .by_place()
        .remove(place)
        .unwrap_or_default()
        .as_slice()
    {
        [Recorded::Mark(mark)] => mark.clone(),
        other => panic!("{other:?}"),
    }
}

const TEXT: &str = r#"{"mcpServers": {
    "a": {"command": "x", "env": {"A": "same", "B": "same"}},
    "b": {"command": "x", "env": {"A": "same"}}}}"#;

#[test]
fn the_same_text_has_another_mark_in_each_place_and_under_each_key() {
    let [place, other] = ["A", "B"].map(|name| Place::Variable(name.to_owned()));
    let all = entries("/f", TEXT, Some(&seal(1)));
    let again = entries("/f", TEXT, Some(&seal(1)));
    let elsewhere = entries("/g", TEXT, Some(&seal(1)));
    let under = entries("/f", TEXT, Some(&seal(2)));
    assert_eq!(mark(&all[0], &place), mark(&again[0], &place));
    for (entry, place) in [
        (&all[0], &other),
        (&all[1], &place),
        (&elsewhere[0], &place),
        (&under[0], &place),
    ] {
        assert_ne!(mark(&all[0], &place.clone()), "", "{place:?}");
        let first = mark(&all[0], &Place::Variable("A".to_owned()));
        assert_ne!(mark(entry, place), first);
    }
}

#[test]
fn a_key_that_looks_like_a_secret_is_not_kept() {
    let secret = "glpat-canarya1B3dE5gH7jK";
    let text = format!(
        r#"{{"mcpServers": {{"{secret}": {{"command": "x", "env": {{"{secret}": "1"}}, "more": {{"{secret}": "y"}}}}}}}}"#
    );
    let all = entries("/f", &text, Some(&seal(1)));
    let kept = serde_json::to_string(&all).expect("JSON");
    assert!(!kept.contains("canary"), "{kept}");
    let told = differences(None, Some(&file(all)));
    assert_eq!(told.len(), 1);
    assert!(!format!("{told:?}").contains("canary"));
}

#[test]
fn entries_of_one_name_are_told_apart_by_their_order() {
    let text = r#"{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}"#;
    let once = r#"{"mcpServers": {"a": {"command": "y"}}}"#;
    let both = file(entries("/f", text, None));
    assert_eq!(differences(Some(&both), Some(&both)), []);
    let told = differences(Some(&both), Some(&file(entries("/f", once, None))));
    let words: Vec<&str> = told.iter().map(|one| one.change.word()).collect();
    assert_eq!(words, ["command", "gone"]);
}

#[test]
fn without_a_key_only_what_is_in_the_clear_is_compared() {
    let known = file(entries("/f", TEXT, Some(&seal(1))));
    let other = TEXT.replace("\"same\"}}}}", "\"else\"}}}}");
    let now = |seal| file(entries("/f", &other, seal));
    assert_eq!(differences(Some(&known), Some(&now(None))), []);
    assert_eq!(
        differences(Some(&known), Some(&now(Some(&seal(1))))).len(),
        1
    );
}
