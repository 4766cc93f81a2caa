//! What a line looks like, and that one entry is one line whatever it holds.

use super::*;
use crate::audit::Process;
use crate::store::HomeId;
use crate::text::acts_on_terminal;

fn before() -> Before<'static> {
    Before {
        position: Position::genesis(&HomeId::from_random([7; 16])),
        time: None,
        lost: None,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn line(entry: &Entry) -> String {
    entry.line(before(), at(0)).expect("a line").0
}

#[test]
fn a_line_has_the_fields_of_the_contract_in_their_order() {
    let name = |text: &str| text.parse().expect("a name");
    let entry = Entry::new(Action::Exec, Outcome::Intent)
        .server("github")
        .program("/usr/bin/node")
        .secret(name("a"), Some(Version(3)))
        .secret(name("b/c"), None)
        .by(Caller::of(vec![Process {
            pid: 7,
            name: "claude".to_owned(),
        }]))
        .detail("x");
    let now = Timestamp::new(5, 999_999_999).expect("a time");
    let (text, position) = entry.line(before(), now).expect("a line");
    let wanted = format!(
        concat!(
            r#"{{"seq":1,"time":"1970-01-01T00:00:05Z","action":"exec","outcome":"intent","server":"github","#,
            r#""program":"/usr/bin/node","secrets":["a","b/c"],"versions":[3,null],"#,
            r#""caller":{{"client":"claude-code","chain":[{{"pid":7,"name":"claude"}}]}},"detail":"x","hash":"{}"}}"#,
            "\n"
        ),
        position.hash
    );
    assert_eq!(text, wanted);
    let empty = line(&Entry::new(Action::Log, Outcome::Done));
    let begin = r#"{"seq":1,"time":"1970-01-01T00:00:00Z","action":"log","outcome":"done","server":null,"program":null,"secrets":[],"versions":[],"caller":null,"detail":null,"hash":""#;
    assert!(empty.starts_with(begin), "{empty}");
}

#[test]
fn what_is_seldom_true_is_written_only_then() {
    let unattended = line(&Entry::new(Action::Set, Outcome::Done).unattended(true));
    assert!(unattended.contains(r#""detail":null,"unattended":true,"hash""#));
    let behind = Before {
        time: Some(at(10)),
        ..before()
    };
    let entry = Entry::new(Action::Set, Outcome::Done);
    for (now, is_back) in [(9, true), (10, false), (11, false)] {
        let (text, _) = entry.line(behind, at(now)).expect("a line");
        assert_eq!(text.contains(r#","clock_back":true,"#), is_back, "{now}");
        let read = Recorded::parse(text.trim_end().as_bytes()).expect("an entry");
        assert_eq!(read.clock_back, is_back);
    }
}

#[test]
fn one_entry_is_one_line_whatever_names_hold() {
    for evil in [
        "a\nb",
        "a\r\nb",
        "a\0b",
        "\x1b[2J",
        "\u{202e}txt",
        "\u{2066}",
        "\u{200f}",
        "\u{61c}",
        "\u{9b}1m",
        "\u{2028}",
        "\u{e0041}",
        "\",\"hash\":\"",
        "{\"seq\":2,",
        "\u{feff}",
        "é漢",
    ] {
        let entry = Entry::new(Action::Request, Outcome::Refused)
            .server(evil)
            .program(evil)
            .detail(evil)
            .by(Caller::of(vec![Process {
                pid: 1,
                name: evil.to_owned(),
            }]));
        let text = line(&entry);
        let inner = text.strip_suffix('\n').expect("a newline");
        assert!(!inner.chars().any(acts_on_terminal), "{evil:?}: {inner}");
        let read = Recorded::parse(inner.as_bytes()).expect("an entry");
        assert_eq!(read.server.as_deref(), Some(evil));
        assert_eq!(read.program.as_deref(), Some(evil));
        assert_eq!(read.detail.as_deref(), Some(evil));
        assert_eq!(read.caller, entry.caller);
        let (body, hash) = chain::hash_at_end(inner.as_bytes()).expect("a hash");
        assert_eq!(hash, read.hash);
        assert!(inner.as_bytes().starts_with(body));
    }
}

#[test]
fn what_a_newer_broker_writes_is_read() {
    let text = line(&Entry::new(Action::Exec, Outcome::Done));
    let newer = text
        .replace("\"exec\"", "\"teleport\"")
        .replace("\"done\"", "\"undone\"")
        .replace("\"detail\":null", "\"detail\":null,\"new\":[1]");
    let read = Recorded::parse(newer.trim_end().as_bytes()).expect("an entry");
    assert_eq!(
        (read.action.as_str(), read.outcome.as_str()),
        ("teleport", "undone")
    );
    assert!(!read.is(Action::Exec));
}

#[test]
fn an_entry_has_an_end() {
    let entry = |length| Entry::new(Action::Exec, Outcome::Done).server("x".repeat(length));
    assert!(entry(ENTRY_BYTES / 2).line(before(), at(0)).is_ok());
    let long = entry(ENTRY_BYTES).line(before(), at(0));
    assert!(matches!(long, Err(Problem::TooLong)));
}

#[test]
fn words_are_stable() {
    let actions: Vec<&str> = Action::ALL.iter().map(|a| a.word()).collect();
    assert_eq!(
        actions.join(" "),
        "init set import protect add edit remove rename migrate backup restore reveal rotate rollback exec probe request allow revoke accept freeze thaw vault log seal"
    );
    let outcomes: Vec<&str> = Outcome::ALL.iter().map(|o| o.word()).collect();
    assert_eq!(outcomes.join(" "), "intent done failed refused repaired");
}
