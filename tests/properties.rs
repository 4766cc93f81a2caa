//! Properties of the parsers: whatever they are given, they answer, and what they took they can say again.

use broker::config::{Config, parse_dotenv};
use broker::paths::HomePaths;
use broker::secret::{Length, Recipe, Reference, SecretName, parse_date};
use proptest::prelude::*;

/// Texts near the grammar: random text alone would be refused at its first character.
fn near_names() -> impl Strategy<Value = String> {
    "[A-Za-z0-9./_ -]{0,12}(con|nul|com1|/|\\.|)[A-Za-z0-9./_\u{e9}-]{0,12}"
}

fn segment() -> impl Strategy<Value = String> {
    let text = "[A-Za-z0-9]([A-Za-z0-9._-]{0,10}[A-Za-z0-9_-])?";
    text.prop_filter("no device", |text| text.parse::<SecretName>().is_ok())
}

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(segment(), 1..16).prop_map(|parts| parts.join("/"))
}

/// Quotes a value so that it is read as it stands.
fn quoted(value: &[u8]) -> Vec<u8> {
    let mut text = vec![b'"'];
    for byte in value {
        match byte {
            b'\n' => text.extend_from_slice(b"\\n"),
            b'\r' => text.extend_from_slice(b"\\r"),
            b'"' | b'\\' | b'$' => text.extend_from_slice(&[b'\\', *byte]),
            other => text.push(*other),
        }
    }
    text.push(b'"');
    text
}

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(count)
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn a_name_that_is_taken_is_kept_to_the_letter_and_needs_no_escaping(text in near_names()) {
        if let Ok(name) = text.parse::<SecretName>() {
            prop_assert_eq!(name.as_str(), &text);
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b)));
            for part in text.split('/') {
                prop_assert!(part.starts_with(|c: char| c.is_ascii_alphanumeric()));
                prop_assert!(!part.ends_with('.'));
            }
            prop_assert!(name.folded().parse::<SecretName>().is_ok());
        }
    }

    #[test]
    fn names_of_the_grammar_are_taken_up_to_128_bytes(text in name()) {
        prop_assert_eq!(text.parse::<SecretName>().is_ok(), text.len() <= 128, "{}", text);
    }

    #[test]
    fn any_text_is_taken_or_refused_and_never_repeated(text in any::<String>()) {
        let errors = [
            text.parse::<SecretName>().err().map(|e| e.to_string()),
            text.parse::<Length>().err().map(|e| e.to_string()),
            text.parse::<Recipe>().err().map(|e| e.to_string()),
            parse_date(&text).err().map(|e| e.to_string()),
            Config::parse("broker.toml", &text).err().map(|e| e.to_string()),
        ];
        for said in errors.into_iter().flatten() {
            prop_assert!(text.len() < 5 || !said.contains(&text), "{}", said);
        }
    }

    #[test]
    fn a_reference_is_the_whole_text_or_none(before in ".{0,6}", text in name(), after in "( .{0,6})?") {
        let whole = format!("broker://{text}");
        if text.len() <= 128 {
            let found = Reference::find(&whole).expect("valid").expect("found");
            prop_assert_eq!(found.to_string(), whole.clone());
        }
        let longer = format!("{before}{whole}{after}");
        if longer != whole {
            prop_assert!(Reference::find(&longer).is_err(), "{:?}", longer);
        }
        prop_assert_eq!(Reference::find(&before), Ok(None));
    }

    #[test]
    fn a_length_that_is_taken_is_written_and_read_again(text in "(P?T?[0-9]{1,5}[hdwyHDWYM]?){1,2}") {
        if let Ok(length) = text.parse::<Length>() {
            let written = length.to_string();
            let again: Length = written.parse().expect("what was written is read");
            prop_assert_eq!(&again, &length);
            prop_assert_eq!(again.to_string(), written);
        }
    }

    #[test]
    fn a_length_is_at_most_a_century(number in 0_u32..40_000, unit in "[dwy]") {
        let days = u64::from(number) * match unit.as_str() { "y" => 365, "w" => 7, _ => 1 };
        let taken = format!("{number}{unit}").parse::<Length>().is_ok();
        // Leap days: a century from the year 2000 has 25.
        if days == 0 || days > 36_525 {
            prop_assert!(!taken, "{}{}", number, unit);
        } else if days <= 36_500 {
            prop_assert!(taken, "{}{}", number, unit);
        }
    }

    #[test]
    fn any_bytes_are_a_dotenv_file_or_have_a_line_that_is_not(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let lines = bytes.iter().filter(|b| **b == b'\n').count() + 1;
        match parse_dotenv(&bytes) {
            Ok(entries) => prop_assert!(entries.iter().all(|e| e.line <= lines && !e.name.is_empty())),
            Err(error) => prop_assert!((1..=lines).contains(&error.line)),
        }
    }

    #[test]
    fn near_dotenv_files_are_read_or_refused_in_a_line_they_have(
        text in "((export )?[A-C1]{0,2} ?=? ?['\"]?[a-z$\\\\#\n ]{0,6}['\"]?\r?\n){0,5}",
    ) {
        let lines = text.matches('\n').count() + 1;
        if let Err(error) = parse_dotenv(text.as_bytes()) {
            prop_assert!((1..=lines).contains(&error.line), "{:?}", text);
        }
    }

    #[test]
    fn what_is_quoted_in_a_dotenv_file_comes_back_byte_for_byte(
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..5),
    ) {
        let mut file = Vec::new();
        for (number, value) in values.iter().enumerate() {
            file.extend_from_slice(format!("export V{number} = ").as_bytes());
            file.extend_from_slice(&quoted(value));
            file.extend_from_slice(b" # why\r\n");
        }
        let entries = parse_dotenv(&file).expect("valid");
        prop_assert_eq!(entries.len(), values.len());
        for (entry, value) in entries.iter().zip(&values) {
            prop_assert_eq!(entry.value.expose(), value.as_slice());
        }
    }
}

const HOME: &str = r#"{"format":1,"id":"00112233445566778899aabbccddeeff",
"created":"2026-01-01T00:00:00Z","store":"vault"}"#;

const CATALOG: &str = r#"{"format":1,"home":"00112233445566778899aabbccddeeff","secrets":[
{"id":"a","name":"a","store":"vault","current":2,"versions":[
{"version":1,"created":"2026-01-01T00:00:00Z","removed":"2026-02-01T00:00:00Z"},
{"version":2,"created":"2026-01-01T00:00:00Z"}],"created":"2026-01-01T00:00:00Z",
"rotated":"2026-01-01T00:00:00Z","rotate_every":"P90D","expires":"2099-01-31","note":"n"}],
"pending":[{"store":"keychain","name":"b","version":3}]}"#;

/// A home whose catalog is `bytes`.
fn with_catalog(folder: &std::path::Path, bytes: &[u8]) -> HomePaths {
    let paths = HomePaths::under(folder);
    broker::paths::create_folder(paths.state_folder()).expect("a folder");
    broker::paths::write_file(&paths.home_file(), HOME.as_bytes()).expect("written");
    broker::paths::write_file(&paths.catalog_file(), bytes).expect("written");
    paths
}

fn opened(paths: &HomePaths) -> broker::catalog::Home {
    let home = broker::catalog::Home::open(paths.clone());
    home.expect("a home").expect("there")
}

#[test]
fn the_catalog_that_is_altered_below_is_a_good_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = opened(&with_catalog(folder.path(), CATALOG.as_bytes()));
    assert_eq!(home.catalog().expect("a catalog").secrets().len(), 1);
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn an_altered_catalog_is_read_or_refused_and_left_alone(
        at in 0..CATALOG.len(),
        cut in 0..8_usize,
        with in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bytes = CATALOG.as_bytes().to_vec();
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, with);
        let paths = with_catalog(folder.path(), &bytes);
        if let Ok(catalog) = opened(&paths).catalog() {
            prop_assert!(catalog.secrets().len() <= 1);
        }
        prop_assert_eq!(std::fs::read(paths.catalog_file()).expect("there"), bytes);
    }
}
