//! The bytes of a value, from `set` to the server's variable, and how many of them there can be.

use super::variable;
use crate::support::home::Home;

/// The longest variable the kernel takes: name, `=`, value and NUL (execve(2), `MAX_ARG_STRLEN`).
const MOST: usize = 131_072;

const DIFFICULT: [&[u8]; 11] = [
    b"canary-plain-value",
    b"canary-two\nlines\n\nand more\n",
    b"canary-'single' \"double\" `back`",
    b"canary-$(touch x) ${HOME} $HOME; rm -rf /",
    b"canary-%PATH% %%x%% !x! ^& |",
    "canary-gr\u{fc}n \u{6f22}\u{5b57} \u{1f511} e\u{301}".as_bytes(),
    b"--canary-with-leading-dashes",
    b" canary-with spaces around\t ",
    b"canary-\xff\xfe\x80-not-utf-8-\xc3",
    b"canary-controls-\x01\x1b[2J\x7f\r",
    b"canary-broker://other-in-a-value",
];

#[test]
fn bytes_come_through_from_stdin_and_from_a_file() {
    let home = Home::new();
    let file = home.path("value");
    for (number, bytes) in DIFFICULT.iter().enumerate() {
        let (by_stdin, by_file) = (format!("stdin-{number}"), format!("file-{number}"));
        home.set(&by_stdin, bytes);
        std::fs::write(&file, bytes).expect("written");
        let _ = home
            .broker(["set", &by_file, "--raw", "--from-file"])
            .arg(&file)
            .run()
            .ok();
        for name in [by_stdin, by_file] {
            let seen = variable(&home, "V", &["--env", &format!("V=broker://{name}")]);
            assert_eq!(seen.as_deref(), Some(*bytes), "{name}");
        }
    }
    std::fs::remove_file(file).expect("removed");
}

#[test]
fn a_hundred_kilobytes_come_through() {
    let home = Home::new();
    let bytes: Vec<u8> = b"canary-"
        .iter()
        .copied()
        .chain((0..100 * 1024_u32).map(|i| (i % 255 + 1) as u8))
        .collect();
    home.set("big", &bytes);
    let seen = variable(&home, "V", &["--env", "V=broker://big"]);
    assert!(seen.is_some_and(|seen| seen == bytes));
}

#[test]
fn one_trailing_newline_is_stripped_and_with_raw_none() {
    let home = Home::new();
    let cases: [(&str, &[u8], &[u8]); 6] = [
        ("lf", b"canary-strip\n", b"canary-strip"),
        ("crlf", b"canary-strip\r\n", b"canary-strip"),
        ("two", b"canary-strip\n\n", b"canary-strip\n"),
        ("cr", b"canary-strip\r", b"canary-strip\r"),
        ("lfcr", b"canary-strip\n\r", b"canary-strip\n\r"),
        ("none", b"canary-strip", b"canary-strip"),
    ];
    let file = home.path("value");
    for (name, given, kept) in cases {
        std::fs::write(&file, given).expect("written");
        let of_file = format!("{name}-file");
        let raw = format!("{name}-raw");
        let _ = home.broker(["set", name]).stdin(given).run().ok();
        let path = file.display().to_string();
        let _ = home
            .broker(["set", &of_file, "--from-file", &path])
            .run()
            .ok();
        let _ = home.broker(["set", &raw, "--raw"]).stdin(given).run().ok();
        for (name, kept) in [(name, kept), (&of_file, kept), (&raw, given)] {
            let seen = variable(&home, "V", &["--env", &format!("V=broker://{name}")]);
            assert_eq!(seen.as_deref(), Some(kept), "{name}");
        }
    }
    std::fs::remove_file(file).expect("removed");
}

#[test]
fn a_literal_and_a_passed_variable_keep_their_bytes() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let home = Home::empty();
    for canary in DIFFICULT {
        // No secret, and an argument: the sweep must not take it for one that leaked.
        let bytes = canary.to_vec();
        let text = bytes.strip_prefix(b"canary-").unwrap_or(b"--plain");
        if String::from_utf8_lossy(text).contains("broker://") {
            continue;
        }
        let mut assignment = b"V=".to_vec();
        assignment.extend_from_slice(text);
        let answer = home
            .broker(["exec", "--pass", "W", "--env"])
            .arg(OsString::from_vec(assignment))
            .arg("--")
            .arg("/bin/cat")
            .arg("/proc/self/environ")
            .env("W", OsString::from_vec(text.to_vec()))
            .run()
            .ok();
        for name in ["V", "W"] {
            let seen = super::find_variable(&answer.bytes, name);
            assert_eq!(seen.as_deref(), Some(text), "{name}");
        }
    }
}

#[test]
fn a_variable_is_as_long_as_the_kernel_takes_and_not_a_byte_longer() {
    // "V=" and the NUL take three.
    let home = Home::new();
    let mark = home.path("started");
    for (total, fits) in [(MOST - 1, true), (MOST, true), (MOST + 1, false)] {
        let mut value = b"canary-".to_vec();
        value.resize(total - 3, b'x');
        let name = format!("long-{total}");
        home.set(&name, &value);
        let env = format!("V=broker://{name}");
        if fits {
            assert_eq!(
                variable(&home, "V", &["--env", &env]),
                Some(value),
                "{total}"
            );
        } else {
            let run = super::touch(&home, &["--env", &env], &mark);
            let answer = run.granting().run().code(125);
            assert_eq!(answer.error_code(), "value-too-large");
        }
        // The name counts too.
        let env = format!("VV=broker://{name}");
        let answer = super::touch(&home, &["--env", &env], &mark)
            .granting()
            .run();
        assert_eq!(answer.code, if total < MOST { 0 } else { 125 }, "{total}");
        assert_eq!(mark.exists(), total < MOST, "{total}");
        let _ = std::fs::remove_file(&mark);
    }
}

#[test]
fn a_literal_of_broker_toml_has_the_same_limit() {
    for (length, code) in [(MOST - 3, 0), (MOST - 2, 125)] {
        let text = "x".repeat(length);
        let home = Home::empty().config(&format!(
            "[servers.s]\ncommand = [\"/bin/true\"]\nenv = {{ V = \"{text}\" }}\n"
        ));
        let _ = home.broker(["exec", "s"]).run().code(code);
    }
}

#[test]
fn what_is_too_long_altogether_is_an_error_of_brokers_own() {
    let home = Home::new();
    let mut value = b"canary-".to_vec();
    value.resize(130_000, b'x');
    home.set("long", &value);
    let mark = home.path("started");
    let many: Vec<String> = (0..40)
        .map(|n| format!("--env=V{n}=broker://long"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let answer = super::touch(&home, &many, &mark).granting().run().code(125);
    assert_eq!(answer.error_code(), "value-too-large");
    assert!(!mark.exists());

    value.resize(MOST, b'x');
    home.set("longer", &value);
    let answer = home
        .broker(["--json", "exec", "--allow-argv-secret", "--"])
        .arg("/bin/echo")
        .arg("broker://longer")
        .granting()
        .run()
        .code(125);
    assert_eq!(answer.error_code(), "value-too-large");
    assert!(!answer.stderr.contains("canary-"));
}
