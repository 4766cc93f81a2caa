//! `pipx run`.

use super::{Plant, Project, Starts, World};

#[test]
fn pipx_runs_no_file_of_the_folder() {
    let plants: [Plant<'_>; 1] = [("a file of that name", &|p: &Project| {
        p.module(&p.deep.join("pyserver==1.0.0"));
    })];
    let words = ["pipx", "run", "pyserver==1.0.0"];
    World::new().withstands(&words, Starts::Elsewhere, &plants);
}
