//! Proof that the harness counts what it says, and refuses a sweep that proved nothing.

use std::fs;
use std::path::Path;

use super::fault::Injected;
use super::names::{name_of, number_of};
use super::report::Report;
use super::victim::{NEW, OLD, check, prepare};
use super::{Errno, Fault, Start, Sweep, World};

#[test]
fn the_calls_of_another_program_are_not_counted() {
    let report = Sweep::new("starts_another_program")
        .only(&[Fault::KillBefore])
        .run(|| prepare("starts_another_program"), |_, _| Ok(()));
    report.assert_clean();
    let started = report.points_at("execve", Fault::KillBefore);
    assert_eq!(started, 1, "a child is the command until then\n{report}");
    assert_eq!(report.points_at("chdir", Fault::KillBefore), 0, "{report}");
    assert_eq!(
        report.points_at("exit_group", Fault::KillBefore),
        1,
        "{report}"
    );
    assert_eq!(report.points_at("wait4", Fault::KillBefore), 1, "{report}");
}

#[test]
fn counting_from_execve_takes_in_the_dynamic_loader() {
    let loader = |start| {
        let sweep = Sweep::new("atomic_writer")
            .only(&[Fault::KillBefore])
            .from(start);
        let report = sweep
            .just("mprotect:2:KILL-BEFORE")
            .run(|| prepare("atomic_writer"), check);
        report.points_at("mprotect", Fault::KillBefore)
    };
    let hidden = u64::from(libc::PR_SET_DUMPABLE.cast_unsigned());
    assert_eq!(loader(Start::Exec), 1);
    assert_eq!(
        loader(Start::After {
            number: libc::SYS_prctl,
            first: hidden
        }),
        0
    );
}

#[test]
fn a_cap_spreads_its_points_over_the_run_and_is_printed() {
    let mut synced = Vec::new();
    let report = Sweep::new("atomic_many_times")
        .only(&[Fault::Fails(Errno::NoSpace)])
        .cap("fsync", 4, "each round is like the last")
        .run(
            || prepare("atomic_many_times"),
            |world, outcome| {
                let injected = outcome.injected.iter();
                synced.extend(
                    injected
                        .filter(|it| it.at.name == "fsync")
                        .map(|it| it.at.nth),
                );
                check(world, outcome)
            },
        );
    report.assert_clean();
    assert_eq!(synced, [10, 20, 30, 40], "{report}");
    assert_eq!(
        report.points_at("rename", Fault::Fails(Errno::NoSpace)),
        20,
        "{report}"
    );
    let line = "capped: fsync ENOSPC: 4 of 40: each round is like the last";
    assert!(report.to_string().contains(line), "{report}");
}

#[test]
#[should_panic(expected = "no point was exercised")]
fn a_sweep_without_a_point_is_not_clean() {
    let never = Start::After {
        number: libc::SYS_reboot,
        first: 0,
    };
    let report = Sweep::new("atomic_writer")
        .from(never)
        .run(|| prepare("atomic_writer"), check);
    assert_eq!(report.points(), 0);
    report.assert_clean();
}

#[test]
#[should_panic(expected = "too many points were not come to")]
fn a_sweep_that_misses_its_points_is_not_clean() {
    let mut runs = 0;
    let report = Sweep::new("fewer calls after the first run")
        .only(&[Fault::Fails(Errno::NoSpace)])
        .cap("write", 6, "the rest adds nothing here")
        .cap("fsync", 6, "the rest adds nothing here")
        .cap("rename", 6, "the rest adds nothing here")
        .run(
            || {
                runs += 1;
                prepare(if runs == 1 {
                    "atomic_many_times"
                } else {
                    "atomic_writer"
                })
            },
            check,
        );
    assert!(
        report.violations().is_empty() && report.missed().len() > 20,
        "{report}"
    );
    report.assert_clean();
}

#[test]
fn a_call_that_is_made_by_luck_may_be_missed() {
    let mut report = Report::new("by hand");
    for (point, fired) in [("write:1:EIO", true), ("futex:1:KILL-BEFORE", false)] {
        report.count(point.parse().unwrap(), fired);
    }
    report.assert_clean();
    assert!(
        report
            .to_string()
            .contains("not come to: futex:1:KILL-BEFORE"),
        "{report}"
    );
}

#[test]
#[should_panic(expected = "the invariant was broken")]
fn a_sweep_whose_command_is_wrong_without_a_fault_is_not_clean() {
    Sweep::new("atomic_writer")
        .only(&[Fault::Short])
        .run(
            || prepare("atomic_writer"),
            |_, outcome| {
                outcome
                    .injected
                    .as_ref()
                    .map_or(Err("wrong".to_owned()), |_| Ok(()))
            },
        )
        .assert_clean();
}

#[test]
fn input_and_both_outputs_pass_without_a_deadlock() {
    let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(|it| it.to_le_bytes()).collect();
    let report = Sweep::new("echo")
        .only(&[Fault::Short])
        .cap("read", 2, "all are alike")
        .cap("write", 2, "all are alike");
    let report = report.run(
        || {
            let (subject, world) = prepare("echo");
            (subject.stdin(bytes.clone()), world)
        },
        |_, outcome| {
            let whole =
                outcome.succeeded() && outcome.stdout.ends_with(&bytes) && outcome.stderr == bytes;
            if whole {
                Ok(())
            } else {
                Err("some bytes were lost".to_owned())
            }
        },
    );
    report.assert_clean();
    assert_eq!(report.points_at("read", Fault::Short), 2, "{report}");
}

#[test]
fn a_copied_world_is_like_its_template() {
    use std::os::unix::fs::PermissionsExt as _;

    let template = World::empty();
    fs::create_dir(template.path("folder")).unwrap();
    fs::write(template.path("folder/file"), OLD).unwrap();
    fs::set_permissions(
        template.path("folder/file"),
        fs::Permissions::from_mode(0o640),
    )
    .unwrap();
    std::os::unix::fs::symlink("folder/file", template.path("link")).unwrap();

    let copy = World::copy_of(&template);
    fs::write(template.path("folder/file"), NEW).unwrap();
    assert_eq!(fs::read(copy.path("link")).unwrap(), OLD);
    assert_eq!(
        fs::read_link(copy.path("link")).unwrap(),
        Path::new("folder/file")
    );
    let mode = fs::metadata(copy.path("folder/file"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn a_point_reads_back_as_it_is_written() {
    for fault in Fault::ALL {
        let text = format!("openat:3:{fault}");
        assert_eq!(text.parse::<Injected>().unwrap().to_string(), text);
    }
    for wrong in [
        "",
        "openat:3",
        "openat:x:EIO",
        "openat:3:EPERM",
        "openat:3:EIO:",
    ] {
        assert!(wrong.parse::<Injected>().is_err(), "{wrong}");
    }
}

#[test]
fn a_call_has_one_name_and_the_other_way_round() {
    assert_eq!(name_of(libc::SYS_openat), "openat");
    assert_eq!(number_of("openat"), Some(libc::SYS_openat));
    assert_eq!(name_of(99_999), "call_99999");
    assert_eq!(number_of("call_99999"), Some(99_999));
    assert_eq!(number_of("openAt"), None);
}
