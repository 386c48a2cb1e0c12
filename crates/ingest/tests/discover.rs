//! Finding photos.

use std::fs;
use std::path::{Path, PathBuf};

use wardrobe_ingest::{Error, discover};

fn photo(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let bytes =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/formats/rgb.png"))
            .unwrap();
    fs::write(path, bytes).unwrap();
}

fn names(found: &[PathBuf], root: &Path) -> Vec<String> {
    found
        .iter()
        .map(|path| {
            path.strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/")
        })
        .collect()
}

#[test]
fn recursive_sorted_by_content_and_without_hidden_files() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in [
        "b.png",
        "a/2.png",
        "a/10.png",
        "a/deep/no-extension",
        ".hidden/x.png",
        "a/.y.png",
    ] {
        photo(&root.join(name));
    }
    fs::write(
        root.join("notes.txt"),
        "not a photo, and no reason to mention it",
    )
    .unwrap();
    fs::write(root.join("c.jpg"), "not a photo, but it claims to be").unwrap();
    fs::write(root.join("d.JPEG"), "").unwrap();
    let found = discover([root]);
    assert_eq!(
        names(&found.photos, root),
        ["a/10.png", "a/2.png", "a/deep/no-extension", "b.png"]
    );
    match &found.problems[..] {
        [
            Error::NotAPicture {
                path,
                found: "text",
            },
            Error::Empty { path: empty },
        ] => {
            assert!(path.ends_with("c.jpg") && empty.ends_with("d.JPEG"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_named_is_never_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let hidden = root.join(".hidden.png");
    photo(&hidden);
    let notes = root.join("notes.txt");
    fs::write(&notes, "text").unwrap();
    let missing = root.join("missing.jpg");
    // Named twice, listed once.
    let found = discover([&hidden, &notes, &missing, &hidden]);
    assert_eq!(found.photos, [hidden]);
    assert!(
        matches!(&found.problems[..], [Error::NotAPicture { .. }, Error::NotFound { path }] if *path == missing)
    );
}

#[cfg(unix)]
#[test]
fn loops_end_and_links_are_followed_once() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    photo(&root.join("a/1.png"));
    symlink(root, root.join("a/back")).unwrap();
    symlink(root.join("a/1.png"), root.join("z.png")).unwrap();
    symlink(root.join("nowhere"), root.join("y.png")).unwrap();
    let found = discover([root]);
    assert_eq!(names(&found.photos, root), ["a/1.png"]);
    match &found.problems[..] {
        [
            Error::FolderLoop { path, ancestor },
            Error::NotFound { path: dangling },
        ] => {
            assert!(path.ends_with("a/back") && ancestor == root && dangling.ends_with("y.png"));
        }
        other => panic!("{other:?}"),
    }
}
