//! `docker run` and its like: a container that is what its digest says, or is not, and what of the machine it is given.
//!
//! The client takes nothing from the current folder but what its options name.

use std::path::Path;

use super::Reading;
use super::line::{Line, is_of_folder};
use super::options::{Given, Scan, Table};
use super::spec::is_digest;
use crate::policy::Danger;

/// Options in front of `run`.
const GLOBAL: Table = Table {
    valued: &[DAEMON, &["-l", "--log-level"]],
    switches: &[&["-D", "--debug", "--tls", "--tlsverify", "--remote", "-r"]],
    glued: &[],
    bundles: false,
};

/// Options by which another daemon is asked, or other settings are read.
const DAEMON: &[&str] = &[
    "-H",
    "--host",
    "-c",
    "--context",
    "--config",
    "--tlscacert",
    "--tlscert",
    "--tlskey",
    "--connection",
    "--url",
    "--root",
    "--runroot",
    "--identity",
];

/// Options that name a file of this machine.
const FILES: &[&str] = &["--env-file", "--label-file", "--cidfile"];

const MOUNTS: &[&str] = &["-v", "--volume", "--mount"];

/// Options that may join the container to something of the machine or of another container.
const SHARED: &[&str] = &[
    "--network",
    "--net",
    "--pid",
    "--ipc",
    "--uts",
    "--userns",
    "--cgroupns",
    "--volumes-from",
    "--device",
    "--cap-add",
    "--security-opt",
    "--gpus",
    "--device-cgroup-rule",
    "--runtime",
    "--cgroup-parent",
];

const PLAIN: &[&str] = &[
    "--add-host",
    "--annotation",
    "-a",
    "--attach",
    "--blkio-weight",
    "--blkio-weight-device",
    "--cap-drop",
    "--cpu-count",
    "--cpu-percent",
    "--cpu-period",
    "--cpu-quota",
    "--cpu-rt-period",
    "--cpu-rt-runtime",
    "-c",
    "--cpu-shares",
    "--cpus",
    "--cpuset-cpus",
    "--cpuset-mems",
    "--detach-keys",
    "--device-read-bps",
    "--device-read-iops",
    "--device-write-bps",
    "--device-write-iops",
    "--dns",
    "--dns-option",
    "--dns-search",
    "--domainname",
    "--entrypoint",
    "-e",
    "--env",
    "--expose",
    "--group-add",
    "--health-cmd",
    "--health-interval",
    "--health-retries",
    "--health-start-interval",
    "--health-start-period",
    "--health-timeout",
    "-h",
    "--hostname",
    "--io-maxbandwidth",
    "--io-maxiops",
    "--ip",
    "--ip6",
    "--isolation",
    "--kernel-memory",
    "-l",
    "--label",
    "--link",
    "--link-local-ip",
    "--log-driver",
    "--log-opt",
    "--mac-address",
    "-m",
    "--memory",
    "--memory-reservation",
    "--memory-swap",
    "--memory-swappiness",
    "--name",
    "--network-alias",
    "--oom-score-adj",
    "--pids-limit",
    "--platform",
    "-p",
    "--publish",
    "--pull",
    "--restart",
    "--shm-size",
    "--stop-signal",
    "--stop-timeout",
    "--storage-opt",
    "--sysctl",
    "--tmpfs",
    "--ulimit",
    "-u",
    "--user",
    "--volume-driver",
    "-w",
    "--workdir",
];

const RUN: Table = Table {
    valued: &[FILES, MOUNTS, SHARED, PLAIN],
    switches: &[&[
        "-d",
        "--detach",
        "--disable-content-trust",
        "--init",
        "-i",
        "--interactive",
        "--no-healthcheck",
        "--oom-kill-disable",
        "--privileged",
        "-P",
        "--publish-all",
        "-q",
        "--quiet",
        "--read-only",
        "--rm",
        "--sig-proxy",
        "-t",
        "--tty",
        "--use-api-socket",
    ]],
    glued: &[
        "--init",
        "--interactive",
        "--tty",
        "--rm",
        "--read-only",
        "--sig-proxy",
    ],
    bundles: true,
};

/// Sockets by which whoever has one is given the whole machine.
const SOCKETS: [&str; 4] = ["docker.sock", "podman.sock", "containerd.sock", "crio.sock"];

/// Folders whose contents are the machine, or the user.
const WHOLE: [&str; 9] = [
    "/", "/etc", "/proc", "/sys", "/dev", "/root", "/home", "/var/run", "/run",
];

/// `docker [OPTION...] [container] run [OPTION...] IMAGE [ARG...]`
pub(super) fn docker(line: &Line<'_>, reading: &mut Reading) {
    let global = line.scan(line.from, &GLOBAL, reading);
    for given in global
        .options
        .iter()
        .filter(|given| DAEMON.contains(&given.name))
    {
        container(
            reading,
            format!(
                "{} chooses whose containers these are, or by which settings",
                given.name
            ),
        );
        reading.needs_folder |= is_local(line, given.value.unwrap_or_default());
    }
    let mut at = global.word;
    if at.and_then(|at| line.text(at)) == Some("container") {
        at = at.map(|at| at.saturating_add(1));
    }
    let Some((at, "run")) = at.and_then(|at| Some((at, line.text(at)?))) else {
        reading.not_understood("what is started in or by a container");
        return line.server(line.from, reading);
    };
    let scan = line.scan(at.saturating_add(1), &RUN, reading);
    options(line, &scan, reading);
    match scan.word.and_then(|at| Some((at, line.text(at)?))) {
        // What is behind the image is for the container, whose folders are its own.
        Some((_, image)) if is_digest(image) => {}
        Some((_, image)) => container(
            reading,
            format!("the image {image} can change: only @sha256:DIGEST names what is in it"),
        ),
        None if scan.odd.is_some() => {}
        None => reading.not_understood("a container without an image"),
    }
}

fn container(reading: &mut Reading, words: String) {
    reading.dangers.push(Danger::Container(words));
}

fn is_local(line: &Line<'_>, value: &str) -> bool {
    is_of_folder(std::ffi::OsStr::new(value), line.start.folder)
}

fn options(line: &Line<'_>, scan: &Scan<'_>, reading: &mut Reading) {
    for given in &scan.options {
        let value = given.value.unwrap_or_default();
        match given.name {
            "--privileged" => {
                container(
                    reading,
                    "the container is given all rights on this machine".into(),
                );
            }
            "--use-api-socket" => {
                container(reading, "the container can start other containers".into());
            }
            "--pull" if value == "always" => {
                container(reading, "the image is fetched anew each time".into());
            }
            name if MOUNTS.contains(&name) => mount(line, given, reading),
            name if FILES.contains(&name) && Path::new(value).is_relative() => {
                reading.looks_here(value);
            }
            name if SHARED.contains(&name) => shared(given, reading),
            _ => {}
        }
    }
}

fn shared(given: &Given<'_>, reading: &mut Reading) {
    let value = given.value.unwrap_or_default();
    let is_apart = match given.name {
        "--network" | "--net" => !(value == "host" || value.starts_with("container:")),
        "--pid" | "--ipc" | "--uts" | "--userns" | "--cgroupns" => {
            !(value == "host" || value.starts_with("container:"))
        }
        "--security-opt" => value.starts_with("no-new-privileges"),
        _ => false,
    };
    if !is_apart {
        container(
            reading,
            format!(
                "{} {value} gives the container more of this machine",
                given.name
            ),
        );
    }
    // A profile of system calls is a file.
    let file = value.split_once("seccomp=").map(|(_, file)| file);
    if file.is_some_and(|file| Path::new(file).is_relative() && file != "unconfined") {
        reading.looks_here(value);
    }
}

/// Notes what a mount shows to the container. A source that is only a name is a volume.
fn mount(line: &Line<'_>, given: &Given<'_>, reading: &mut Reading) {
    let value = given.value.unwrap_or_default();
    let source = if given.name == "--mount" {
        let fields = value.split(',');
        let is_bind = fields.clone().any(|field| field == "type=bind");
        let named = fields.filter_map(|field| field.split_once('='));
        let mut sources = named.filter(|(name, _)| matches!(*name, "src" | "source"));
        sources.next().map(|(_, source)| source).filter(|_| is_bind)
    } else {
        value.split(':').next().filter(|source| {
            value.contains(':')
                && (source.contains('/') || source.starts_with('.') || source.starts_with('~'))
        })
    };
    let Some(source) = source else { return };
    if Path::new(source).is_relative() {
        return reading.looks_here(source);
    }
    let bare = Path::new(source).components().as_path();
    let is_socket = SOCKETS.iter().any(|name| source.ends_with(name));
    let is_whole =
        WHOLE.iter().any(|whole| Path::new(whole) == bare) || line.start.home.starts_with(bare);
    if is_socket {
        container(
            reading,
            format!("{source} gives the container the whole machine"),
        );
    } else if is_whole {
        container(reading, format!("the container sees all of {source}"));
    }
}

#[cfg(all(test, unix))]
mod tests;
