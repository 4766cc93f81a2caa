//! Whatever a file looks like: what is protected differs in the touched spans alone, and what is restored in nothing.
//!
//! Documents are made up with comments, odd spacing, any line ends, a byte order mark, commas at the end, keys that
//! stand twice, unknown fields, escapes, and nested shapes. For those that cannot be edited, nothing comes out.
#![expect(clippy::arithmetic_side_effects, reason = "helpers of tests may abort")]

use proptest::prelude::*;

use super::insert_tests::says_the_entry;
use super::made_tests::{Dice, SECRET, json, toml};
use super::tests::{file, only_spans_differ, protecting};
use super::*;
use crate::clients::document::{Kind, Node};
use crate::clients::table::ClientFile;
use crate::clients::tests::parsed;

/// Protects and restores; returns whether that could be done.
fn round(text: &str, file: &ClientFile) -> bool {
    let document = parsed(text, file);
    let found = document.entries(file);
    let mut done = true;
    // Entry by entry, then all at once: a file is changed whole or not at all.
    let all = protecting(&found, SECRET);
    for one in &found {
        let own = all.iter().filter(|(of, _)| std::ptr::eq(*of, one));
        let own: Vec<_> = own.cloned().collect();
        done &= attempt(&document, text, file, &own);
    }
    // Variables beside all that, in every entry with a program: the last thing that a file is changed for.
    let puts = found
        .iter()
        .filter(|one| !one.is_shadowed && one.entry.command().is_some());
    let puts = puts.flat_map(|one| ["NEW", "n é\""].map(|name| (one, put(name))));
    let more: Vec<_> = all.iter().cloned().chain(puts).collect();
    let is_put = attempt(&document, text, file, &more);
    let has_all = is_put || has_repeats(document.root());
    insert(&document, text, file);
    attempt(&document, text, file, &all) && done && has_all
}

fn put(name: &str) -> Edit {
    Edit::PutVariable(name.to_owned(), Literal::new("broker://new".to_owned()))
}

/// Puts a new entry in; all others say what they did.
fn insert(document: &Document, text: &str, file: &ClientFile) {
    let entry = NewEntry {
        command: "broker".to_owned(),
        arguments: vec!["exec".to_owned(), "é\"\n".to_owned()],
        variables: vec![("K".to_owned(), Literal::new("broker://new".to_owned()))],
    };
    match insert_entry(document, file, "new one", &entry) {
        Ok(edited) => says_the_entry(file, text, &edited.text, "new one", &entry),
        Err(why) => assert_eq!(why, EditError::Repeated, "{text}"),
    }
}

fn attempt(document: &Document, text: &str, file: &ClientFile, edits: &[(&Found, Edit)]) -> bool {
    let Ok(edited) = edit(document, file.shape, edits) else {
        return false;
    };
    only_spans_differ(text, &edited);
    let again = parsed(&edited.text, file);
    for (one, change) in edits {
        let same = |new: &&Found| new.entry.server == one.entry.server && new.under == one.under;
        let after = again.entries(file);
        let new = after.iter().find(same).expect("there");
        if let Edit::WrapCommand(Wrap { words, .. }) = change {
            let (program, arguments) = new.entry.command().expect("a program");
            let now = std::iter::once(program).chain(arguments);
            assert!(now.take(words.len()).eq(words.iter().map(String::as_str)));
        }
    }
    let undone = undo(&again, file, &edited.undo).expect("undone");
    assert!(undone.is_exact);
    assert_eq!(*undone.text, text);
    true
}

/// Tells whether a key stands twice in any map.
fn has_repeats(node: &Node) -> bool {
    match &node.kind {
        Kind::List(all) => all.iter().any(|one| has_repeats(one)),
        Kind::Map(pairs, _) => pairs.iter().enumerate().any(|(number, pair)| {
            let again = pairs
                .iter()
                .skip(number + 1)
                .any(|later| later.key == pair.key);
            again || has_repeats(&pair.value)
        }),
        Kind::Text(_) | Kind::Word(_) => false,
    }
}

/// A document that is made up is changed and restored, or refused for a key that stands there twice.
fn rounds(
    name: &str,
    rolls: Vec<u32>,
    make: impl Fn(&mut Dice) -> String,
) -> Result<(), TestCaseError> {
    let file = file(name);
    let text = make(&mut Dice::new(rolls));
    let document = Document::parse(file.format, &text);
    let document = document.map_err(|e| TestCaseError::fail(format!("{e}: {text}")))?;
    prop_assert!(
        round(&text, file) || has_repeats(document.root()),
        "{}",
        text
    );
    Ok(())
}

fn rolls() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(any::<u32>(), 0..600)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_differs_in_what_was_touched_and_is_restored_byte_by_byte(rolls in rolls()) {
        rounds("kiro.json", rolls, |dice| json(dice, false, false))?;
    }

    #[test]
    fn json_with_comments_differs_in_what_was_touched_and_is_restored_byte_by_byte(rolls in rolls()) {
        rounds("lm-studio.json", rolls, |dice| json(dice, false, true))?;
    }

    #[test]
    fn commands_that_are_lists_differ_in_what_was_touched_and_are_restored_byte_by_byte(rolls in rolls()) {
        rounds("opencode.jsonc", rolls, |dice| json(dice, true, true))?;
    }

    #[test]
    fn toml_differs_in_what_was_touched_and_is_restored_byte_by_byte(rolls in rolls()) {
        rounds("codex.toml", rolls, toml)?;
    }
}
