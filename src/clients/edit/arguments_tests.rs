//! Arguments that are taken out, and come back.

use super::tests::words;
use super::*;
use crate::clients::tests::{file_of, parsed};

#[test]
fn the_last_arguments_are_taken_out_together() {
    let (_, file) = file_of("kiro", 0);
    for (list, left) in [
        (r#"["-y", "--key", "x"]"#, r#"["-y"]"#),
        (r#"["-y", "--key", "x",]"#, r#"["-y",]"#),
        (r#"["-y" /* a */, "--key", "x"]"#, r#"["-y" /* a */ ]"#),
        (r#"["--key", "x"]"#, "[]"),
        (r#"["--key","x",]"#, "[]"),
        ("[\n  \"-y\",\n  \"--key\",\n  \"x\"\n]", "[\n  \"-y\"\n]"),
    ] {
        let text =
            |list: &str| format!(r#"{{"mcpServers":{{"a":{{"command":"p","args":{list}}}}}}}"#);
        let old = text(list);
        let document = parsed(&old, file);
        let found = document.entries(file);
        let count = found[0].entry.command().expect("a program").1.len();
        let edits: Vec<_> = (count - 2..count)
            .map(|at| (&found[0], Edit::Remove(Place::Argument(at))))
            .collect();
        let edited = edit(&document, file.shape, &edits).expect(list);
        assert_eq!(*edited.text, text(left), "{list}");
        let undone = undo(&parsed(&edited.text, file), file, &edited.undo).expect("undone");
        assert!(undone.is_exact);
        assert_eq!(*undone.text, old);
    }
}

#[test]
fn arguments_that_were_taken_out_come_back_where_something_else_changed() {
    let (_, file) = file_of("kiro", 0);
    let text = |list: &str| format!(r#"{{"mcpServers":{{"a":{{"command":"p","args":{list}}}}}}}"#);
    for (list, gone) in [
        (r#"["-y", "--key", "x"]"#, [1, 2].as_slice()),
        (r#"["--key", "x", "-y"]"#, &[0, 1]),
        (r#"["a", "--key=x", "b", "--other=y"]"#, &[1, 3]),
        (r#"["--key=x"]"#, &[0]),
        ("[\n \"a\",\n \"--key=x\",\n \"b\"\n]", &[1]),
    ] {
        let old = text(list);
        let document = parsed(&old, file);
        let found = document.entries(file);
        let remove = |at: &usize| (&found[0], Edit::Remove(Place::Argument(*at)));
        let wrap = Edit::WrapCommand(Wrap {
            words: words(),
            program: None,
        });
        let edits: Vec<_> = std::iter::once((&found[0], wrap))
            .chain(gone.iter().map(remove))
            .collect();
        let edited = edit(&document, file.shape, &edits).expect(list);
        // Somebody wrote a line in front.
        let now = format!("\n{}", *edited.text);
        let undone = undo(&parsed(&now, file), file, &edited.undo).expect("undone");
        assert_eq!(undone.left, [], "{list}");
        assert!(!undone.is_exact);
        let back = parsed(&undone.text, file).entries(file);
        assert_eq!(back[0].entry.command(), found[0].entry.command(), "{list}");
        assert_eq!(*undone.text, format!("\n{old}"), "{list}");
    }
}
