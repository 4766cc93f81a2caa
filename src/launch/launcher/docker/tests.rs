//! Tests of `docker run`: which word is the image, what is given of the machine and of the folder.

use super::super::tests::{Try, changed, local};
use super::*;

fn pinned() -> String {
    format!("image@sha256:{}", "a".repeat(64))
}

#[test]
fn the_image_is_found_past_every_option_that_takes_a_value() {
    let of_image = |read: &Reading, image: &str| {
        let text = format!("the image {image} can");
        let is_it = |danger: &Danger| matches!(danger, Danger::Container(words) if words.starts_with(&text));
        read.dangers.iter().any(is_it)
    };
    for option in RUN.valued.concat() {
        let read = Try::new(&format!("docker run -i {option} value image arg")).read();
        assert!(of_image(&read, "image"), "{option}: {read:?}");
        assert!(!of_image(&read, "value"), "{option}");
    }
    for words in [
        "docker run --rm -i image ./arg",
        "docker container run -it image",
        "podman run -itv a:/b image",
        "docker run -va:/b -e A=b --name=x image",
        "docker --debug -l x run --rm=true image",
    ] {
        let read = Try::new(words).read();
        assert!(
            of_image(&read, "image") && read.dangers.len() == 1,
            "{words}: {read:?}"
        );
        assert!(!read.needs_folder && read.is_known, "{words}");
    }
    let read = Try::new(&format!("docker run -i --rm -e TOKEN {} ./x", pinned())).read();
    assert_eq!(read.dangers, []);
    assert!(!read.needs_folder && read.put_in.is_empty());
}

#[test]
fn what_a_container_is_given_of_the_machine_is_shown() {
    for option in [
        "--privileged",
        "-v /var/run/docker.sock:/var/run/docker.sock",
        "-v /:/host",
        "-v/:/host",
        "-itv /:/host",
        "--volume=/etc/:/e",
        "-v /home-of-a-test:/h",
        "--mount type=bind,source=/,target=/host",
        "--mount type=bind,src=/run/podman/podman.sock,dst=/s",
        "--network host",
        "--net=host",
        "--pid=host",
        "--ipc host",
        "--uts host",
        "--userns=host",
        "--network container:x",
        "--cap-add SYS_ADMIN",
        "--device /dev/mem",
        "--security-opt seccomp=unconfined",
        "--volumes-from x",
        "--use-api-socket",
        "--pull always",
        "--gpus all",
    ] {
        let read = Try::new(&format!("docker run {option} {}", pinned())).read();
        let is_shown = matches!(read.dangers[..], [Danger::Container(_)]);
        assert!(is_shown && !read.needs_folder, "{option}: {read:?}");
    }
    for option in [
        "-v data:/d",
        "-v /srv/data:/d:ro",
        "-v /d",
        "--mount type=volume,src=x,dst=/y",
        "--network none",
        "--network bridge",
        "--security-opt no-new-privileges",
        "--pull never",
        "--cap-drop ALL",
        "--read-only",
    ] {
        let read = Try::new(&format!("docker run {option} {}", pinned())).read();
        assert!(
            read.dangers.is_empty() && !read.needs_folder,
            "{option}: {read:?}"
        );
    }
    let read = Try::new(&format!("docker -H tcp://x run {}", pinned())).read();
    assert!(matches!(read.dangers[..], [Danger::Container(_)]));
}

#[test]
fn what_a_container_is_given_of_the_folder_makes_it_count() {
    for (option, what) in [
        ("-v .:/d", "."),
        ("-v ./x:/d", "./x"),
        ("-v x/y:/d", "x/y"),
        ("-v ~/x:/d", "~/x"),
        ("--mount type=bind,src=.,dst=/d", "."),
        ("--env-file .env", ".env"),
        ("--label-file=x", "x"),
    ] {
        let read = Try::new(&format!("docker run {option} {}", pinned())).read();
        assert!(
            read.needs_folder && read.dangers == [local(what)],
            "{option}"
        );
    }
    for words in [
        "docker",
        "docker compose run x",
        "docker exec x y",
        "docker run",
        "docker start -i x",
        "docker run --unknown x image",
        "docker run -iZ image",
        "podman play kube x",
        "docker run --privileged=true image",
    ] {
        let read = Try::new(words).read();
        assert!(read.needs_folder && changed(&read), "{words}");
    }
}
