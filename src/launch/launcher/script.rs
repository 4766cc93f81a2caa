//! Interpreters of which nothing is needed but the script: it is bound by its content.

use super::Reading;
use super::line::Line;
use super::options::Table;

/// An interpreter that runs a script and takes nothing from the current folder then.
struct Runner {
    names: &'static [&'static str],
    table: Table,
    /// Those whose value is code.
    evaluated: &'static [&'static str],
    /// Those whose value is a file that is run.
    files: &'static [&'static str],
    /// What it reads in the current folder in spite of it all.
    reads: Option<&'static str>,
}

const RUNNERS: [Runner; 5] = [
    Runner {
        names: &["ruby"],
        table: Table {
            valued: &[&["-e", "-C", "-E", "-r", "-I"]],
            switches: &[&[
                "-w",
                "-W0",
                "-W1",
                "-W2",
                "-v",
                "--yjit",
                "--jit",
                "--disable-gems",
                "-U",
            ]],
            glued: &["--encoding", "--external-encoding", "--internal-encoding"],
            bundles: false,
        },
        evaluated: &["-e"],
        files: &["-r", "-I", "-C"],
        reads: None,
    },
    Runner {
        names: &["perl"],
        table: Table {
            valued: &[&["-e", "-E", "-I"]],
            switches: &[&["-w", "-W", "-T", "-t", "-X"]],
            glued: &[],
            bundles: false,
        },
        evaluated: &["-e", "-E"],
        files: &["-I"],
        reads: None,
    },
    Runner {
        names: &["php"],
        table: Table {
            valued: &[&[
                "-r",
                "-B",
                "-R",
                "-F",
                "-E",
                "-f",
                "--file",
                "-c",
                "--php-ini",
                "-d",
                "--define",
                "-z",
            ]],
            switches: &[&["-n", "-q"]],
            glued: &[],
            bundles: false,
        },
        evaluated: &["-r", "-B", "-R", "-E"],
        files: &[
            "-f",
            "--file",
            "-c",
            "--php-ini",
            "-F",
            "-z",
            "-d",
            "--define",
        ],
        reads: None,
    },
    Runner {
        names: &["java"],
        table: Table {
            valued: &[&["-jar"]],
            switches: &[&[
                "-server",
                "-client",
                "-ea",
                "-esa",
                "-showversion",
                "--enable-preview",
            ]],
            glued: &[],
            bundles: false,
        },
        evaluated: &[],
        files: &["-jar"],
        reads: None,
    },
    Runner {
        names: &["tsx", "ts-node", "ts-node-esm"],
        table: Table {
            valued: &[&[
                "--tsconfig",
                "--project",
                "-P",
                "--cwd",
                "--import",
                "--require",
                "-r",
                "-e",
                "--eval",
            ]],
            switches: &[&[
                "--no-cache",
                "--no-warnings",
                "--transpile-only",
                "-T",
                "--esm",
            ]],
            glued: &[],
            bundles: false,
        },
        evaluated: &["-e", "--eval"],
        files: &[
            "--tsconfig",
            "--project",
            "-P",
            "--cwd",
            "--import",
            "--require",
            "-r",
        ],
        reads: Some("tsconfig.json"),
    },
];

/// Tells whether a program is called as one of these interpreters is, of any version.
pub(super) fn is_runner(name: &str) -> bool {
    runner(name).is_some()
}

fn runner(name: &str) -> Option<&'static Runner> {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let is_it = |runner: &&Runner| runner.names.iter().any(|n| *n == name || *n == bare);
    RUNNERS.iter().find(is_it)
}

/// `NAME [OPTION...] FILE [ARG...]`
pub(super) fn script(name: &str, line: &Line<'_>, reading: &mut Reading) {
    let Some(runner) = runner(name) else { return };
    // What Java is given of memory and settings is one word each.
    let of_java = |word: &&Option<&str>| {
        let prefixes = ["-Xm", "-Xs", "-D", "-XX:"];
        name == "java" && word.is_some_and(|word| prefixes.iter().any(|p| word.starts_with(p)))
    };
    let skipped = line
        .words
        .iter()
        .skip(line.from)
        .take_while(of_java)
        .count();
    let scan = line.scan(line.from.saturating_add(skipped), &runner.table, reading);
    if let Some(reads) = runner.reads {
        reading.lookups.push("node".into());
        reading.looks_here(reads);
    }
    for given in &scan.options {
        if runner.evaluated.contains(&given.name) {
            reading.code_in_argument(given.at);
            reading.looks_here("whatever that code names");
        } else if runner.files.contains(&given.name) {
            line.code(given.value.unwrap_or_default(), reading);
        }
    }
    let is_given = scan.has(runner.evaluated) || scan.has(&["-jar", "-f", "--file"]);
    match scan.word.and_then(|at| Some((at, line.text(at)?))) {
        Some((at, _)) if is_given => line.server(at, reading),
        Some((at, word)) => {
            line.code(word, reading);
            if name == "java" {
                reading.looks_here("a class");
            }
            line.server(at.saturating_add(1), reading);
        }
        None if is_given => {}
        None => reading.not_understood(&format!("what {name} reads from its input")),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::tests::{Try, local};

    #[test]
    fn scripts_of_other_interpreters_are_code() {
        let trial = Try::new("x").program("server", "");
        let file = trial.outside().join("server");
        let shown = file.display();
        for words in [
            format!("ruby -w {shown} arg"),
            format!("perl -T {shown}"),
            format!("perl5.36 {shown}"),
            format!("php -n {shown}"),
            format!("php8.2 -f {shown}"),
            format!("java -jar {shown} arg"),
            format!("java -Xmx1g -Da=b -jar {shown}"),
        ] {
            let read = Try::new(&words).read();
            assert_eq!(read.code, std::slice::from_ref(&file), "{words}: {read:?}");
            assert!(
                !read.needs_folder && read.dangers.is_empty() && read.is_known,
                "{words}"
            );
        }
        for words in [format!("tsx {shown}"), format!("ts-node --esm {shown}")] {
            let read = Try::new(&words).read();
            assert!(read.code == [file.clone()], "{words}");
            assert!(read.dangers == [local("tsconfig.json")], "{words}");
        }
        for words in [
            "ruby server.rb",
            "ruby -e code",
            "ruby -r ./x /s.rb",
            "perl -e code",
            "perl -Ix /s.pl",
            "php -r code",
            "php -d a=b /s.php",
            "java Main",
            "java -cp x Main",
            "java @x",
            "ruby",
            "perl -",
        ] {
            assert!(Try::new(words).read().needs_folder, "{words}");
        }
    }
}
