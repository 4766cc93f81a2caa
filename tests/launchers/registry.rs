//! A registry of npm and of Python packages on this machine, which remembers what it was asked.
//!
//! One stands for the registry that the user named, another for one that a project names: nobody is to ask that.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::archive::{tar_gz, zip};

/// A running registry. Its thread ends with the tests.
pub struct Registry {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What is served, by path.
type Files = HashMap<String, (&'static str, Vec<u8>)>;

/// The server that every package is: says who it is and what it was given, and ends.
fn server_js(who: &str) -> String {
    format!(
        "#!/usr/bin/env node\n\
         console.log(JSON.stringify({{ who: '{who}', cwd: process.cwd(), token: process.env.TOKEN,\n\
         args: process.argv.slice(2), variables: Object.keys(process.env), init: process.env.INIT_CWD }}));\n"
    )
}

fn server_py(who: &str) -> String {
    format!(
        "import json, os, sys\n\
         def main():\n    print(json.dumps(dict(who='{who}', cwd=os.getcwd(), token=os.environ.get('TOKEN'),\n\
         \x20       args=sys.argv[1:], variables=list(os.environ))))\n\
         if __name__ == '__main__': main()\n"
    )
}

impl Registry {
    /// Starts one whose servers say that they are `who`. Packages that have something to run when they are installed write
    /// the token to the file `installed`.
    pub fn start(who: &str, installed: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (files, log) = (files(port, who, installed), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(&stream, &files, &log);
            }
        });
        Self { port, asked }
    }

    /// Its address, with a slash at the end.
    pub fn address(&self) -> String {
        address(self.port)
    }

    /// Returns the paths it was asked for since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("ours"))
    }
}

fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}/")
}

fn answer(mut stream: &TcpStream, files: &Files, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    log.lock().expect("ours").push(path.to_owned());
    let path = path.replace("%2f", "/").replace("%2F", "/");
    let (status, kind, body) = match files.get(&path) {
        Some((kind, body)) => ("200 OK", *kind, body.as_slice()),
        None => ("404 Not Found", "text/plain", &b""[..]),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    if !first.starts_with("HEAD ") {
        stream.write_all(body)?;
    }
    stream.flush()
}

fn files(port: u16, who: &str, installed: &str) -> Files {
    let mut files = Files::new();
    for name in ["@acme/server", "plain-server"] {
        npm(&mut files, port, name, &server_js(who), installed);
    }
    wheel(&mut files, port, &server_py(who));
    source(&mut files, port, &server_py(who), installed);
    files
}

/// A package of npm with a program and an install script.
fn npm(files: &mut Files, port: u16, name: &str, server: &str, installed: &str) {
    let package = json!({
        "name": name,
        "version": "1.2.3",
        "bin": { "server": "cli.js" },
        "scripts": { "postinstall": format!("printf %s \"$TOKEN\" > '{installed}'; pwd >> '{installed}'") },
    });
    let text = package.to_string();
    let packed = tar_gz(
        "package",
        &[("package.json", &text, false), ("cli.js", server, true)],
    );
    let below = format!("/-/{}-1.2.3.tgz", name.replace('/', "-"));
    let mut version = package;
    let tarball = format!("{}{}", address(port), below.trim_start_matches('/'));
    version["dist"] = json!({ "tarball": tarball });
    version["hasInstallScript"] = json!(true);
    let document = json!({
        "name": name,
        "dist-tags": { "latest": "1.2.3" },
        "versions": { "1.2.3": version },
    });
    files.insert(below, ("application/octet-stream", packed));
    let document = document.to_string().into_bytes();
    files.insert(format!("/{name}"), ("application/json", document));
}

fn index(files: &mut Files, port: u16, name: &str, file: &str, packed: Vec<u8>) {
    let link = format!("<a href=\"{}files/{file}\">{file}</a>", address(port));
    files.insert(
        format!("/files/{file}"),
        ("application/octet-stream", packed),
    );
    let page = format!("<!DOCTYPE html><html><body>{link}</body></html>");
    files.insert(format!("/simple/{name}/"), ("text/html", page.into_bytes()));
}

const METADATA: &str = "Metadata-Version: 2.1\nName: pyserver\nVersion: 1.0.0\n";
const WHEEL: &str = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
const ENTRY: &str = "[console_scripts]\npyserver = pyserver:main\n";

/// A package of Python that needs no building.
fn wheel(files: &mut Files, port: u16, server: &str) {
    let entries = [
        ("pyserver.py", server, false),
        ("pyserver-1.0.0.dist-info/METADATA", METADATA, false),
        ("pyserver-1.0.0.dist-info/WHEEL", WHEEL, false),
        ("pyserver-1.0.0.dist-info/entry_points.txt", ENTRY, false),
    ];
    let names = entries.map(|(name, _, _)| format!("{name},,\n"));
    let record = format!("{}pyserver-1.0.0.dist-info/RECORD,,\n", names.concat());
    let mut entries = entries.to_vec();
    entries.push(("pyserver-1.0.0.dist-info/RECORD", &record, false));
    let file = "pyserver-1.0.0-py3-none-any.whl";
    index(files, port, "pyserver", file, zip(&entries));
}

/// A package of Python that has to be built, by code of its own.
fn source(files: &mut Files, port: u16, server: &str, installed: &str) {
    let project = "[project]\nname = \"pysource\"\nversion = \"1.0.0\"\n\
         [project.scripts]\npysource = \"pysource:main\"\n\
         [build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";
    let backend = format!(
        "import os, zipfile\n\
         open('{installed}', 'w').write(os.environ.get('TOKEN', ''))\n\
         def build_wheel(folder, settings=None, metadata=None):\n\
         \x20   name = 'pysource-1.0.0-py3-none-any.whl'\n\
         \x20   info = 'pysource-1.0.0.dist-info/'\n\
         \x20   with zipfile.ZipFile(os.path.join(folder, name), 'w') as out:\n\
         \x20       out.write('pysource.py')\n\
         \x20       out.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: pysource\\nVersion: 1.0.0\\n')\n\
         \x20       out.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
         \x20       out.writestr(info + 'entry_points.txt', '[console_scripts]\\npysource = pysource:main\\n')\n\
         \x20       out.writestr(info + 'RECORD', '')\n\
         \x20   return name\n"
    );
    let metadata = METADATA.replace("pyserver", "pysource");
    let packed = tar_gz(
        "pysource-1.0.0",
        &[
            ("PKG-INFO", &metadata, false),
            ("pyproject.toml", project, false),
            ("backend.py", &backend, false),
            ("pysource.py", server, false),
        ],
    );
    index(files, port, "pysource", "pysource-1.0.0.tar.gz", packed);
}
