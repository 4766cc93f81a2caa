//! `import`: a whole `.env` file into the store, or nothing of it.

use std::fs;

use super::{names, value};
use crate::support::home::Home;

const GOOD: &str = "# a comment
export API_KEY=canary-api-key
QUOTED='canary $HOME # kept'
DOUBLE=\"canary-a\\nb\"   # a comment
";

/// Writes a file, and removes it at the end: broker did not make it, so the sweep must not find it.
fn with_file<T>(home: &Home, text: &[u8], work: impl FnOnce() -> T) -> T {
    let file = home.path("x.env");
    fs::write(&file, text).expect("written");
    let result = work();
    assert_eq!(
        fs::read(&file).expect("there"),
        text,
        "the file was changed"
    );
    fs::remove_file(file).expect("removed");
    result
}

#[test]
fn a_good_file_is_stored_whole_under_its_prefix() {
    let home = Home::new();
    with_file(&home, GOOD.as_bytes(), || {
        let answer = home
            .broker(["import", "x.env", "--prefix", "work/"])
            .run()
            .ok();
        assert_eq!(answer.stdout, "");
        assert!(!answer.stderr.contains("canary"), "{}", answer.stderr);
        assert!(answer.stderr.contains("rotate"), "{}", answer.stderr);
    });
    assert_eq!(names(&home), ["work/API_KEY", "work/DOUBLE", "work/QUOTED"]);
    assert_eq!(value(&home, "work/API_KEY"), b"canary-api-key");
    assert_eq!(value(&home, "work/QUOTED"), b"canary $HOME # kept");
    assert_eq!(value(&home, "work/DOUBLE"), b"canary-a\nb");
}

#[test]
fn a_file_with_one_fault_stores_nothing() {
    let home = Home::new().secret("taken", "canary-taken");
    let bad: [(&[u8], &str, &str); 11] = [
        (b"A=canary-1\nB canary-2\n", "dotenv-invalid", "line 2"),
        (b"A=canary-1\nB=$CANARY\n", "dotenv-invalid", "line 2"),
        (b"A=canary-1\nA=canary-2\n", "dotenv-invalid", "line 2"),
        (b"A=canary-1\na=canary-2\n", "dotenv-invalid", "line 2"),
        (b"A=canary-1\n\nB=\n", "dotenv-invalid", "line 3"),
        (b"A=canary-1\nB='canary-2\n", "dotenv-invalid", "line 2"),
        (b"A=canary-1\n_B=canary-2\n", "dotenv-invalid", "line 2"),
        (b"A=canary-1\n\xff=canary-2\n", "dotenv-invalid", "line 2"),
        (b"", "dotenv-invalid", "no variables"),
        (b"# nothing\n", "dotenv-invalid", "no variables"),
        (b"A=canary-1\nTAKEN=canary-2\n", "secret-exists", "taken"),
    ];
    for (text, code, place) in bad {
        with_file(&home, text, || {
            let answer = home.broker(["--json", "import", "x.env"]).run().code(1);
            assert_eq!(answer.error_code(), code, "{place}");
            assert!(answer.stderr.contains(place), "{place}: {}", answer.stderr);
            assert!(
                !answer.stderr.to_lowercase().contains("canary"),
                "{}",
                answer.stderr
            );
        });
        assert_eq!(names(&home), ["taken"], "{}", String::from_utf8_lossy(text));
    }
    assert_eq!(value(&home, "taken"), b"canary-taken");
    with_file(&home, GOOD.as_bytes(), || {
        for prefix in ["-", "a b/", "/", "\u{e9}"] {
            let flag = format!("--prefix={prefix}");
            let answer = home
                .broker(["--json", "import", "x.env", &flag])
                .run()
                .code(1);
            assert_eq!(answer.error_code(), "dotenv-invalid", "{prefix}");
        }
    });
    for path in ["sesame.env", "."] {
        let answer = home.broker(["--json", "import", path]).run().code(1);
        assert_eq!(answer.error_code(), "input-failed");
        assert!(!answer.stderr.contains("sesame"));
    }
    assert_eq!(names(&home), ["taken"]);
}

#[test]
fn a_short_value_is_imported_with_the_warning_of_set() {
    let home = Home::new();
    with_file(&home, b"SHORT=canary\nLONG=canary-long\n", || {
        let answer = home.broker(["import", "x.env"]).run().ok();
        let warnings: Vec<&str> = answer
            .stderr
            .lines()
            .filter(|l| l.starts_with("broker: warning:"))
            .collect();
        assert_eq!(warnings.len(), 1, "{}", answer.stderr);
        assert!(warnings[0].contains("\"SHORT\""), "{}", answer.stderr);
    });
}
