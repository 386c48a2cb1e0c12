//! Who may depend on whom: the table of ARCHITECTURE.md, held by `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, Package, PackageId};
use toml::{Table, Value};

/// Each layer's crates, and what they may depend on; `*` is everything in the layers before.
const LAYERS: [&[(&str, &[&str])]; 7] = [
    &[("types", &[])],
    &[
        ("ingest", &["types"]),
        ("vector-index", &["types"]),
        ("eval", &["types"]),
    ],
    &[("nn", &[]), ("weights", &["types", "ingest", "nn"])],
    &[
        ("detect", &["types", "ingest", "nn", "weights"]),
        ("classify", &["types", "ingest", "nn", "weights"]),
        ("attributes", &["types", "ingest", "nn", "weights"]),
        ("embed", &["types", "ingest", "nn", "weights"]),
        ("recommend", &["types", "nn", "weights"]),
    ],
    &[("personalize", &["types", "recommend"])],
    &[("wardrobe", &["*"]), ("train", &["*"])],
    // The program parses its arguments into the enums of `types`.
    &[("cli", &["wardrobe", "train", "eval", "types"])],
];

/// Layers before this one know no tensors.
const FIRST_WITH_CANDLE: usize = 2;

/// For tests alone: any crate's development dependency, no crate's dependency.
const TESTKIT: &str = "testkit";

/// Packages beside the layers. They may use everything, and nothing uses them.
const BESIDE: [&str; 2] = ["examples", "benches"];

fn metadata() -> Metadata {
    // Without a platform the sources of every other platform's crates would be fetched.
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    MetadataCommand::new()
        .manifest_path(manifest)
        .other_options(["--filter-platform".to_string(), host.to_string()])
        .exec()
        .unwrap()
}

/// A package's name in the table, which is its folder's.
fn short(name: &str) -> &str {
    name.strip_prefix("wardrobe-").unwrap_or(name)
}

fn members(metadata: &Metadata) -> BTreeMap<String, &Package> {
    let packages = metadata.workspace_packages().into_iter();
    packages
        .map(|package| (short(&package.name).to_string(), package))
        .collect()
}

/// What each crate of the table may depend on.
fn allowed() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut before: Vec<&str> = Vec::new();
    let mut allowed = BTreeMap::new();
    for layer in LAYERS {
        for (name, may) in layer {
            let may = if *may == ["*"] {
                before.as_slice()
            } else {
                may
            };
            allowed.insert(*name, may.iter().copied().collect());
        }
        before.extend(layer.iter().map(|(name, _)| name));
    }
    allowed
}

#[test]
fn every_crate_is_in_the_table_and_lies_where_its_name_says() {
    let metadata = metadata();
    let members = members(&metadata);
    let mut listed: BTreeSet<&str> = allowed().into_keys().collect();
    listed.extend(BESIDE);
    listed.insert(TESTKIT);
    assert_eq!(
        members.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        listed
    );
    for (name, package) in members {
        let folder = package.manifest_path.parent().unwrap().file_name();
        assert_eq!(folder, Some(name.as_str()));
    }
}

#[test]
fn only_the_tables_arrows_exist() {
    let metadata = metadata();
    let members = members(&metadata);
    for (name, may) in allowed() {
        for dependency in members[name]
            .dependencies
            .iter()
            .filter(|d| d.path.is_some())
        {
            let other = short(&dependency.name);
            let for_tests = dependency.kind == DependencyKind::Development && other == TESTKIT;
            assert!(
                may.contains(other) || for_tests,
                "{name} depends on {other}, which the table does not draw; allowed: {may:?}"
            );
        }
    }
    let testkit = members[TESTKIT]
        .dependencies
        .iter()
        .find(|d| d.path.is_some());
    assert!(
        testkit.is_none(),
        "testkit depends on {}",
        testkit.unwrap().name
    );
}

#[test]
fn nothing_before_the_layers_of_tensors_depends_on_candle() {
    let metadata = metadata();
    let members = members(&metadata);
    let resolved = metadata.resolve.as_ref().unwrap();
    let nodes: BTreeMap<&PackageId, &Node> = resolved.nodes.iter().map(|n| (&n.id, n)).collect();
    let reaches_candle = |name: &str| {
        let mut reached = BTreeSet::new();
        let mut open = vec![&members[name].id];
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                let shipped = nodes[id].deps.iter().filter(|dependency| {
                    let kinds = &dependency.dep_kinds;
                    kinds
                        .iter()
                        .any(|kind| kind.kind != DependencyKind::Development)
                });
                open.extend(shipped.map(|dependency| &dependency.pkg));
            }
        }
        reached
            .into_iter()
            .any(|id| metadata[id].name.starts_with("candle"))
    };
    for (name, _) in LAYERS[..FIRST_WITH_CANDLE].iter().copied().flatten() {
        assert!(!reaches_candle(name), "{name} depends on candle");
    }
    // Or else the walk sees nothing.
    assert!(reaches_candle("nn"));
}

/// The recommender's rules are usable without an ML framework.
#[test]
fn what_recommend_needs_of_tensors_is_optional() {
    let metadata = metadata();
    for dependency in &members(&metadata)["recommend"].dependencies {
        let name = short(&dependency.name);
        let tensors = ["nn", "weights"].contains(&name) || name.starts_with("candle");
        let always = dependency.kind == DependencyKind::Normal && !dependency.optional;
        assert!(!(tensors && always), "recommend always depends on {name}");
    }
}

#[test]
fn every_crate_inherits_versions_lints_and_the_packages_facts() {
    let metadata = metadata();
    let inherits = |value: Option<&Value>| {
        let inherited = value.and_then(|value| value.get("workspace"));
        inherited.and_then(Value::as_bool) == Some(true)
    };
    for (name, package) in members(&metadata) {
        let text = std::fs::read_to_string(&package.manifest_path).unwrap();
        let manifest: Table = text.parse().unwrap();
        assert!(
            inherits(manifest.get("lints")),
            "{name} does not inherit the lints"
        );
        for key in [
            "version",
            "edition",
            "rust-version",
            "license",
            "repository",
            "publish",
        ] {
            let value = manifest["package"].get(key);
            assert!(inherits(value), "{name} does not inherit its {key}");
        }
        for (dependency, value) in dependencies(&manifest) {
            assert!(
                inherits(Some(value)),
                "{name} does not take {dependency} from the workspace"
            );
        }
    }
}

/// The entries of every table of dependencies, those of single platforms included.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let platforms = manifest.get("target").and_then(Value::as_table);
    let platforms = platforms.into_iter().flat_map(|table| table.values());
    let tables = std::iter::once(manifest).chain(platforms.filter_map(Value::as_table));
    tables.flat_map(|table| {
        let kinds = KINDS.iter().filter_map(|kind| table.get(*kind)?.as_table());
        kinds.flatten()
    })
}
