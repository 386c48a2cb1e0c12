//! Where weights are looked for, in which order, and what is refused.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use wardrobe_weights::{Error, Manifest, Place, Resolver, Source, Verdict, sha256};

/// One tensor, `w`, of one byte, 42. Written by `golden/make.py`.
static GOOD: &[u8] = include_bytes!("golden/one.safetensors");
static BAD: &[u8] = b"not the weights";

fn manifest() -> Manifest {
    let entry = |name: &str, hash: &str| {
        format!(
            "[[weights]]\nname = \"{name}\"\narchitecture = \"test\"\nfile = \"{name}.safetensors\"\nbytes = {}\n\
             {hash}\nlicence = \"CC0-1.0\"\nsource = \"https://example.org/{name}\"\n",
            GOOD.len()
        )
    };
    let known = entry("known", &format!("sha256 = \"{}\"", sha256(GOOD)));
    let text = format!("version = 1\n{known}{}", entry("unknown", ""));
    Manifest::parse(&text, Path::new("manifest.toml")).unwrap()
}

fn folder(bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("known.safetensors"), bytes).unwrap();
    folder
}

fn file(folder: &TempDir) -> Source {
    Source::File(folder.path().join("known.safetensors"))
}

#[test]
fn places_are_looked_at_in_order() {
    let empty = tempfile::tempdir().unwrap();
    let (given, repository, cache) = (folder(GOOD), folder(GOOD), folder(GOOD));
    let place = |folder: &TempDir| folder.path().to_path_buf();
    let base = || Resolver::new(manifest()).look_in(Place::Folder(place(&empty)));

    let all = base()
        .look_in(Place::Folder(place(&given)))
        .look_in(Place::Repository(place(&repository)))
        .look_in(Place::Cache(place(&cache)))
        .with_built_in("known", GOOD);
    assert_eq!(all.resolve("known").unwrap().source, file(&given));

    let later = base()
        .look_in(Place::Repository(place(&repository)))
        .look_in(Place::Cache(place(&cache)));
    let found = later.resolve("known").unwrap();
    assert_eq!(found.source, file(&repository));
    assert_eq!(found.place, Place::Repository(place(&repository)));
    assert_eq!(found.entry.unwrap().licence, "CC0-1.0");

    let last = base()
        .with_built_in("known", GOOD)
        .resolve("known")
        .unwrap();
    assert_eq!(
        (&last.place, &last.source),
        (&Place::BuiltIn, &Source::BuiltIn(GOOD))
    );
    assert_eq!(last.load().unwrap().map["w"].to_vec1::<u8>().unwrap(), [42]);
}

#[test]
fn a_wrong_file_is_refused_and_not_passed_over() {
    let (wrong, right) = (folder(BAD), folder(GOOD));
    let resolver = Resolver::new(manifest())
        .look_in(Place::Folder(wrong.path().to_path_buf()))
        .look_in(Place::Cache(right.path().to_path_buf()));
    let error = resolver.resolve("known").unwrap_err();
    assert!(matches!(error, Error::Checksum { .. }));
    let message = error.to_string();
    assert!(
        message.contains(&sha256(GOOD)) && message.contains(&sha256(BAD)),
        "{message}"
    );
    assert!(message.contains(&file(&wrong).to_string()), "{message}");
    // Named itself, the same file is taken, and the manifest says nothing of it.
    let Source::File(path) = file(&wrong) else {
        unreachable!()
    };
    let given = resolver.resolve(path.to_str().unwrap()).unwrap();
    assert_eq!((given.place, given.entry), (Place::Given(path), None));
}

#[test]
fn a_named_file_is_recognised_by_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("renamed.bin");
    fs::write(&path, GOOD).unwrap();
    let given = Resolver::new(manifest())
        .resolve(path.to_str().unwrap())
        .unwrap();
    assert_eq!(given.entry.as_ref().unwrap().name, "known");
    assert_eq!(given.load().unwrap().map.len(), 1);
}

#[test]
fn a_named_file_must_be_there_and_be_a_file() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        folder.path().to_str().unwrap(),
        "missing.safetensors",
        "./missing",
    ] {
        let error = Resolver::new(manifest()).resolve(name).unwrap_err();
        assert!(matches!(error, Error::Read { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn what_is_nowhere_says_where_was_looked_and_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    let resolver = Resolver::new(manifest())
        .look_in(Place::Folder(empty.path().join("a")))
        .look_in(Place::Cache(empty.path().join("b")));
    let message = resolver.resolve("known").unwrap_err().to_string();
    for expected in [
        "looked for known.safetensors",
        "/a (--weights or $WARDROBE_WEIGHTS)",
        "/b (the cache)",
        "https://example.org/known",
        "name its folder with --weights",
    ] {
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn an_unknown_name_lists_near_ones() {
    let message = Resolver::new(manifest())
        .resolve("knowm")
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "there are no weights named \"knowm\"; did you mean known?"
    );
    let message = Resolver::new(manifest())
        .resolve("zzz")
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "there are no weights named \"zzz\"; known are known, unknown"
    );
}

#[test]
fn list_and_verify_cover_every_entry_and_copy() {
    let (wrong, right) = (folder(BAD), folder(GOOD));
    fs::write(right.path().join("unknown.safetensors"), BAD).unwrap();
    let resolver = Resolver::new(manifest())
        .look_in(Place::Cache(right.path().to_path_buf()))
        .look_in(Place::Repository(wrong.path().to_path_buf()))
        .with_built_in("known", GOOD);
    let listed = resolver.list();
    assert_eq!(listed.len(), 2);
    assert_eq!(
        listed[0].place,
        Some(Place::Cache(right.path().to_path_buf()))
    );

    let verdicts: Vec<Verdict> = resolver.verify().into_iter().map(|v| v.verdict).collect();
    let (good, bad) = (sha256(GOOD), sha256(BAD));
    let mismatch = Verdict::Mismatch {
        sha256: bad.clone(),
        expected: good,
    };
    assert_eq!(
        verdicts,
        [
            Verdict::Verified,
            mismatch,
            Verdict::Verified,
            Verdict::Unknown { sha256: bad }
        ]
    );
    let nowhere = Resolver::new(manifest()).verify();
    assert!(
        nowhere
            .iter()
            .all(|v| v.verdict == Verdict::Missing && v.place.is_none())
    );
    assert!(
        Resolver::new(manifest())
            .list()
            .iter()
            .all(|l| l.place.is_none())
    );
}

#[test]
fn a_wrong_built_in_is_found_by_verify() {
    let verified = Resolver::new(manifest())
        .with_built_in("known", BAD)
        .verify();
    assert!(matches!(verified[0].verdict, Verdict::Mismatch { .. }));
}

/// The weights of this program are the manifest's.
#[test]
fn the_programs_own_manifest_holds() {
    let usual = Resolver::usual(None).unwrap();
    for verified in usual.verify() {
        if matches!(verified.place, Some(Place::BuiltIn | Place::Repository(_))) {
            assert_eq!(verified.verdict, Verdict::Verified, "{}", verified.name);
        }
    }
    for entry in &usual.manifest().entries {
        let known = entry.sha256.is_some() || entry.hub.is_some();
        assert!(known, "{} is not shipped and not on the hub", entry.name);
    }
}

#[test]
fn a_folder_that_is_asked_for_must_be_there() {
    let error = Resolver::usual(Some(Path::new("/nowhere/weights"))).unwrap_err();
    assert!(matches!(error, Error::Read { .. }), "{error}");
    let given = tempfile::tempdir().unwrap();
    assert!(Resolver::usual(Some(given.path())).is_ok());
}

#[test]
fn the_repositorys_folder_is_found_from_within_it() {
    // The working folder of this test is the crate's.
    let usual = format!("{:?}", Resolver::usual(None).unwrap());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .join("weights");
    assert!(
        usual.contains(&format!("Repository({folder:?})")),
        "{usual}"
    );
}

#[test]
fn manifests_that_contradict_themselves_are_refused() {
    let entry = "[[weights]]\nname = \"NAME\"\narchitecture = \"x\"\nfile = \"FILE\"\nbytes = 1\nsha256 = \"HASH\"\nlicence = \"x\"\nsource = \"x\"\n";
    let (hash, upper) = ("a".repeat(64), "A".repeat(64));
    let filled = |name: &str, file: &str, hash: &str| {
        entry
            .replace("NAME", name)
            .replace("FILE", file)
            .replace("HASH", hash)
    };
    let good = filled("a", "a.pth", &hash);
    let parse = |text: &str| Manifest::parse(text, Path::new("m.toml"));
    assert_eq!(
        parse(&format!("version = 1\n{good}"))
            .unwrap()
            .entries
            .len(),
        1
    );
    let cases = [
        (
            format!("version = 2\n{good}"),
            "is 2, and this program reads 1",
        ),
        (
            format!("version = 1\n{good}{good}"),
            "shares its name or file with another",
        ),
        (
            format!("version = 1\n{}", filled("a b", "a.pth", &hash)),
            "has a name with other characters",
        ),
        (
            format!("version = 1\n{}", filled("a", "../a.pth", &hash)),
            "not a plain name",
        ),
        (
            format!("version = 1\n{}", filled("a", "a.pth", &upper)),
            "not 64 lower-case",
        ),
        (
            format!("version = 1\n{good}licens = 1\n"),
            "is not a manifest",
        ),
        (
            "version = 1\n[[weights]]\nname = \"a\"\n".to_string(),
            "is not a manifest",
        ),
    ];
    for (text, expected) in cases {
        let message = parse(&text).unwrap_err().to_string();
        assert!(
            message.contains("m.toml") && message.contains(expected),
            "{message}"
        );
    }
}
