//! Tests of the decision: what is the same command, what is another, which file of grants counts.

use zeroize::Zeroizing;

use super::*;
use crate::policy::{Argument, Binding, File, Part, Program, Secret};

/// Changes one thing about a command.
type Change = Box<dyn Fn(&mut Command)>;

fn content(digit: char) -> Content {
    let found = std::fs::metadata("/").expect("there");
    Content {
        sha256: digit.to_string().repeat(64),
        stamp: FileStamp::of(&found),
    }
}

fn secret(id: &str, name: &str) -> Secret {
    Secret {
        id: id.to_owned(),
        name: name.parse().expect("a name"),
        item: format!("vault/{id}"),
    }
}

fn command() -> Command {
    Command {
        server: Some("github".to_owned()),
        program: Program {
            name: Text::of("tool"),
            path: Text::of("/opt/bin/tool"),
            real: Text::of("/opt/tool-1/tool"),
            content: content('a'),
            binding: Binding::Content,
        },
        arguments: vec![
            Argument::Text(Text::of("stdio")),
            Argument::Secret(secret("1", "a")),
        ],
        files: vec![File {
            path: Text::of("/opt/x.js"),
            content: content('b'),
        }],
        folder: None,
        path: Text::of("/bin"),
        home: Text::of("/home/u"),
        variables: BTreeMap::from([("T".to_owned(), secret("1", "a"))]),
        literals: BTreeMap::from([("L".to_owned(), Text::of("x"))]),
        passed: BTreeMap::from([("P".to_owned(), Some(Text::of("y")))]),
        install_scripts: false,
    }
}

fn grants(command: Command) -> Grants {
    Grants::none(HomeId::from_random([1; 16]), 0).changed(NonZeroU32::MIN, |grants, _| {
        grants.push(Grant {
            id: command.id(),
            granted: Timestamp::UNIX_EPOCH,
            command,
        });
    })
}

fn judge(granted: &Command, asked: &Command) -> Option<Vec<Difference>> {
    let grants = grants(granted.clone());
    let elsewhere = |_: &Text| vec!["node".to_owned()];
    match grants.judge(&Asked {
        command: asked,
        found_elsewhere: &elsewhere,
    }) {
        Verdict::Granted(_) => Some(Vec::new()),
        Verdict::Changed(_, found) => Some(found),
        Verdict::Unknown => None,
    }
}

#[test]
fn the_same_command_is_granted_whatever_its_secrets_are_called_by_now() {
    let mut asked = command();
    asked
        .variables
        .insert("T".to_owned(), secret("1", "renamed"));
    assert_eq!(judge(&command(), &asked), Some(Vec::new()));
    assert_eq!(command().id(), asked.id());
}

#[test]
fn each_bound_field_changed_alone_is_a_difference_and_another_id() {
    let text = |text: &str| Text::of(text);
    let changes: Vec<(Change, Difference)> = vec![
        (
            Box::new(|c| c.server = Some("github".into())),
            Difference::Server(Some("gitlab".into())),
        ),
        (
            Box::new(|c| c.program.name = Text::of("other")),
            Difference::Name(text("tool")),
        ),
        (
            Box::new(|c| c.program.path = Text::of("/x")),
            Difference::Program(text("/opt/bin/tool")),
        ),
        (
            Box::new(|c| c.program.real = Text::of("/x")),
            Difference::Link(text("/opt/tool-1/tool")),
        ),
        (
            Box::new(|c| c.program.content = content('c')),
            Difference::Content(text("/opt/bin/tool")),
        ),
        (
            Box::new(|c| c.arguments[0] = Argument::Text(Text::of("http"))),
            Difference::Argument(1, Some(text("stdio"))),
        ),
        (
            Box::new(|c| c.arguments[1] = Argument::Secret(secret("2", "a"))),
            Difference::Argument(2, None),
        ),
        (
            Box::new(|c| c.arguments.push(Argument::Text(Text::of("x")))),
            Difference::ArgumentCount(2),
        ),
        (
            Box::new(|c| c.files[0].content = content('c')),
            Difference::Content(text("/opt/x.js")),
        ),
        (Box::new(|c| c.files.clear()), Difference::Files),
        (
            Box::new(|c| c.folder = Some(Text::of("/p"))),
            Difference::Folder(None),
        ),
        (
            Box::new(|c| c.path = Text::of("/planted:/bin")),
            Difference::Path(vec!["node".into()]),
        ),
        (
            Box::new(|c| c.home = Text::of("/x")),
            Difference::Home(text("/home/u")),
        ),
        (
            Box::new(|c| {
                c.variables.insert("T".into(), secret("2", "a"));
            }),
            Difference::Secret(Part::Other, "T".into()),
        ),
        (
            Box::new(|c| {
                c.variables.insert("U".into(), secret("1", "a"));
            }),
            Difference::Secret(Part::Added, "U".into()),
        ),
        (
            Box::new(|c| {
                c.literals.insert("L".into(), Text::of("z"));
            }),
            Difference::Literal(Part::Other, "L".into()),
        ),
        (
            Box::new(|c| {
                c.literals.clear();
            }),
            Difference::Literal(Part::Missing, "L".into()),
        ),
        (
            Box::new(|c| {
                c.passed.insert("P".into(), Some(Text::of("z")));
            }),
            Difference::Passed(Part::Other, "P".into()),
        ),
        (
            Box::new(|c| {
                c.passed.insert("P".into(), None);
            }),
            Difference::Passed(Part::Other, "P".into()),
        ),
        (
            Box::new(|c| c.install_scripts = true),
            Difference::InstallScripts,
        ),
    ];
    for (change, difference) in changes {
        let mut granted = command();
        if matches!(difference, Difference::Server(_)) {
            granted.server = Some("gitlab".to_owned());
        }
        let mut asked = granted.clone();
        change(&mut asked);
        assert_eq!(judge(&granted, &asked), Some(vec![difference]));
        assert_ne!(asked.id(), granted.id());
    }
}

#[test]
fn a_program_bound_by_its_path_may_be_upgraded_but_not_become_writable() {
    let mut granted = command();
    granted.program.binding = Binding::Path;
    let mut asked = granted.clone();
    asked.program.real = Text::of("/opt/tool-2/tool");
    asked.program.content = content('c');
    assert_eq!(judge(&granted, &asked), Some(Vec::new()));
    assert_eq!(granted.id(), asked.id());
    asked.program.binding = Binding::Content;
    let found = Difference::Writable(Text::of("/opt/bin/tool"));
    assert_eq!(judge(&granted, &asked), Some(vec![found]));
    // Bound by content, it stays so even where only the system can write it now.
    let mut asked = command();
    asked.program.binding = Binding::Path;
    assert_eq!(judge(&command(), &asked), Some(Vec::new()));
    asked.program.content = content('c');
    assert!(judge(&command(), &asked).is_some_and(|found| found.len() == 1));
}

#[test]
fn a_path_that_finds_nothing_elsewhere_is_no_difference() {
    let grants = grants(command());
    let mut asked = command();
    asked.path = Text::of("/bin:/usr/bin");
    let verdict = grants.judge(&Asked {
        command: &asked,
        found_elsewhere: &|_| Vec::new(),
    });
    assert!(matches!(verdict, Verdict::Granted(_)));
}

#[test]
fn what_resembles_nothing_allowed_has_no_nearest_grant() {
    let mut asked = command();
    asked.server = Some("other".to_owned());
    asked.program.name = Text::of("x");
    asked.program.path = Text::of("/x");
    assert_eq!(judge(&command(), &asked), None);
}

fn sealed() -> (Grants, Seal) {
    let mut grants = grants(command());
    let seal = Seal::new(Zeroizing::new([3; 64]), grants.generation(), false);
    grants.mark(StoreKind::Vault, &seal);
    (grants, seal)
}

fn check(grants: &Grants, seal: &Seal) -> Result<(), SealError> {
    grants.check(&BTreeMap::from([(StoreKind::Vault, again(seal))]))
}

/// Reads a seal as a store gives it.
fn again(seal: &Seal) -> Seal {
    Seal::read(&seal.write()).expect("a seal")
}

#[test]
fn only_the_file_that_was_marked_last_counts() {
    let (old, mut seal) = sealed();
    assert_eq!(check(&old, &seal), Ok(()));
    let elsewhere = BTreeMap::from([(StoreKind::Keychain, again(&seal))]);
    assert_eq!(old.check(&elsewhere), Err(SealError::Forged));
    assert_eq!(old.check(&BTreeMap::new()), Err(SealError::Forged));
    let mut new = old.changed(NonZeroU32::MIN, |grants, _| grants.clear());
    assert_eq!(check(&new, &seal), Err(SealError::Forged));
    seal.set_generation(new.generation());
    new.mark(StoreKind::Vault, &seal);
    assert_eq!(check(&new, &seal), Ok(()));
    assert_eq!(check(&old, &seal), Err(SealError::Replayed), "copied back");
    let other = Seal::new(Zeroizing::new([4; 64]), new.generation(), false);
    assert_eq!(check(&new, &other), Err(SealError::Forged));
}

#[test]
fn while_the_seals_are_moved_on_one_after_the_other_the_newest_says_what_counts() {
    let key = |byte: u8| Seal::new(Zeroizing::new([byte; 64]), 0, false);
    let mut seals = BTreeMap::from([(StoreKind::Vault, key(3)), (StoreKind::Keychain, key(4))]);
    let marked = |mut grants: Grants, seals: &BTreeMap<StoreKind, Seal>| {
        for (kind, seal) in seals {
            grants.mark(*kind, seal);
        }
        grants
    };
    let old = marked(grants(command()), &seals);
    let new = marked(
        old.changed(NonZeroU32::MIN, |grants, _| grants.clear()),
        &seals,
    );
    let mut move_on = |kind, file: &Grants| {
        let seal = seals.get_mut(&kind).expect("a seal");
        seal.set_generation(file.generation());
        (old.check(&seals), new.check(&seals))
    };
    let replayed = Err(SealError::Replayed);
    move_on(StoreKind::Vault, &old)
        .0
        .expect("half-way to the old");
    assert_eq!(move_on(StoreKind::Keychain, &old), (Ok(()), replayed));
    assert_eq!(move_on(StoreKind::Vault, &new), (replayed, Ok(())));
    assert_eq!(move_on(StoreKind::Keychain, &new), (replayed, Ok(())));
    // Known to one of them alone, it is not enough.
    let half = {
        let mut half = old.changed(NonZeroU32::MIN, |grants, _| grants.clear());
        half.mark(StoreKind::Vault, &seals[&StoreKind::Vault]);
        half
    };
    assert_eq!(half.check(&seals), Err(SealError::Forged));
}

#[test]
fn any_change_of_what_the_file_means_is_noticed_and_no_change_of_its_spelling() {
    let (grants, seal) = sealed();
    let home = HomeId::from_random([1; 16]);
    let json: serde_json::Value = serde_json::from_slice(&grants.to_json()).expect("JSON");
    let read = |json: &serde_json::Value| {
        Grants::parse("f", json.to_string().as_bytes(), &home).expect("grants")
    };
    // Compact and with its keys sorted, where the file is neither.
    assert_eq!(check(&read(&json), &seal), Ok(()));
    for (place, value) in [
        ("/generation", serde_json::json!(7)),
        ("/grants/0/granted", "1970-01-01T00:00:01Z".into()),
        ("/grants/0/command/arguments/0/text", "http".into()),
        ("/grants/0/command/variables/T/id", "2".into()),
        (
            "/grants/0/command/program/content/sha256",
            "c".repeat(64).into(),
        ),
        ("/grants/0/command/passed/P", serde_json::Value::Null),
    ] {
        let mut changed = json.clone();
        *changed.pointer_mut(place).expect(place) = value;
        let checked = check(&read(&changed), &seal);
        assert_eq!(checked, Err(SealError::Forged), "{place}");
    }
    let mut longer = json.clone();
    longer["grants"][0]["command"]["extra"] = 1.into();
    assert!(Grants::parse("f", longer.to_string().as_bytes(), &home).is_err());
    let other = HomeId::from_random([2; 16]);
    assert!(Grants::parse("f", json.to_string().as_bytes(), &other).is_err());
}

/// A command that rotates the secret `1`.
fn rotation() -> Rotation {
    let mut command = command();
    command.arguments = vec![Argument::Text(Text::of("new"))];
    let current = ("BROKER_CURRENT".to_owned(), secret("1", "a"));
    command.variables = BTreeMap::from([current]);
    Rotation {
        granted: Timestamp::UNIX_EPOCH,
        command,
    }
}

/// Grants with one rotation command beside them, marked.
fn with_rotation() -> (Grants, Seal) {
    let (grants, mut seal) = sealed();
    let mut with = grants.changed(NonZeroU32::MIN, |_, rotations| rotations.push(rotation()));
    seal.set_generation(with.generation());
    with.mark(StoreKind::Vault, &seal);
    (with, seal)
}

#[test]
fn a_rotation_command_that_was_changed_added_or_taken_away_is_noticed() {
    let (with, seal) = with_rotation();
    let home = HomeId::from_random([1; 16]);
    let json: serde_json::Value = serde_json::from_slice(&with.to_json()).expect("JSON");
    let read = |json: &serde_json::Value| {
        Grants::parse("f", json.to_string().as_bytes(), &home).expect("grants")
    };
    assert_eq!(check(&read(&json), &seal), Ok(()));
    for (place, value) in [
        (
            "/rotations/0/granted",
            serde_json::json!("1970-01-01T00:00:01Z"),
        ),
        ("/rotations/0/command/arguments/0/text", "other".into()),
        ("/rotations/0/command/program/path", "/x".into()),
        (
            "/rotations/0/command/program/content/sha256",
            "c".repeat(64).into(),
        ),
        (
            "/rotations/0/command/files/0/content/sha256",
            "c".repeat(64).into(),
        ),
        (
            "/rotations/0/command/variables/BROKER_CURRENT/id",
            "2".into(),
        ),
        (
            "/rotations/0/command/variables/BROKER_CURRENT/item",
            "vault/2".into(),
        ),
        ("/rotations", serde_json::json!([])),
        (
            "/rotations",
            serde_json::json!([json["rotations"][0], json["rotations"][0]]),
        ),
    ] {
        let mut changed = json.clone();
        *changed.pointer_mut(place).expect(place) = value;
        assert_eq!(
            check(&read(&changed), &seal),
            Err(SealError::Forged),
            "{place}"
        );
    }
    let mut without = json.clone();
    without
        .as_object_mut()
        .expect("an object")
        .remove("rotations");
    assert_eq!(check(&read(&without), &seal), Err(SealError::Forged));
    // Nor can a grant be made one, or one a grant.
    let mut moved = json.clone();
    let command = json["rotations"][0]["command"].clone();
    moved["grants"][0]["command"] = command;
    moved["rotations"] = serde_json::json!([]);
    assert_eq!(check(&read(&moved), &seal), Err(SealError::Forged));
    let (none, seal) = sealed();
    let mut added = serde_json::from_slice::<serde_json::Value>(&none.to_json()).expect("JSON");
    assert!(
        added.get("rotations").is_none(),
        "left out where there is none"
    );
    added["rotations"] = json["rotations"].clone();
    assert_eq!(check(&read(&added), &seal), Err(SealError::Forged));
}

#[test]
fn grants_without_rotation_commands_keep_the_mark_they_always_had() {
    let (grants, seal) = sealed();
    let mut plain = seal.mac();
    plain.update(b"broker grants 1\n");
    plain.update(HomeId::from_random([1; 16]).as_str().as_bytes());
    plain.update(&grants.generation().to_be_bytes());
    plain.update(&serde_json::to_vec(grants.all()).expect("JSON"));
    let json: serde_json::Value = serde_json::from_slice(&grants.to_json()).expect("JSON");
    let mark = hex::encode(&plain.finalize().into_bytes());
    assert_eq!(json["seals"]["vault"], mark);
}

#[test]
fn a_rotation_command_is_no_grant() {
    let (with, _) = with_rotation();
    let asked = rotation().command;
    let verdict = with.changed(NonZeroU32::MIN, |grants, _| grants.clear());
    let verdict = verdict.judge(&Asked {
        command: &asked,
        found_elsewhere: &|_| Vec::new(),
    });
    assert_eq!(verdict, Verdict::Unknown);
}

#[test]
fn a_rotation_command_is_that_of_its_secret_and_says_what_differs() {
    let (with, _) = with_rotation();
    let found = with.rotation("1").expect("a rotation command");
    assert_eq!(with.rotation("2"), None);
    let differs = |asked: &Command| {
        found.differences(&Asked {
            command: asked,
            found_elsewhere: &|_| vec!["node".to_owned()],
        })
    };
    assert_eq!(differs(&rotation().command), []);
    let mut other = rotation().command;
    other.files[0].content = content('c');
    assert_eq!(
        differs(&other),
        [Difference::Content(Text::of("/opt/x.js"))]
    );
    // The same secret, said to be kept elsewhere: the catalog has no seal.
    let mut other = rotation().command;
    let current = other.variables.get_mut("BROKER_CURRENT").expect("one");
    current.item = "vault/b".to_owned();
    let part = Difference::Secret(Part::Other, "BROKER_CURRENT".to_owned());
    assert_eq!(differs(&other), [part]);
}
