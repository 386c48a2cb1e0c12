//! What needs neither photos nor models: help, flags, statuses, pipes.

mod common;

use std::process::Stdio;

use common::{Bench, only_line, program, run};

const COMMANDS: [&str; 26] = [
    "ingest",
    "list",
    "show",
    "edit",
    "add-photo",
    "duplicates",
    "remove",
    "restore",
    "wear",
    "settings",
    "export",
    "import",
    "search",
    "similar",
    "recommend",
    "feedback",
    "preferences",
    "score",
    "inspect",
    "eval",
    "train",
    "report",
    "weights",
    "data",
    "completions",
    "man",
];

/// Commands with commands of their own.
const GROUPS: [&[&str]; 6] = [
    &["inspect"],
    &["eval"],
    &["train"],
    &["weights"],
    &["data"],
    &["data", "prepare"],
];

#[test]
fn help_has_examples_everywhere() {
    let (status, help, _) = run(program().arg("--help"));
    assert_eq!(status, 0);
    assert!(help.contains("Examples:\n  wardrobe ingest photos/ && wardrobe recommend"));
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
        let (status, help, _) = run(program().args([command, "--help"]));
        assert_eq!(status, 0, "{command}");
        assert!(
            help.contains("Example") && help.contains("wardrobe "),
            "{command}: {help}"
        );
    }
}

#[test]
fn so_has_the_help_of_their_commands() {
    for group in GROUPS {
        let (_, help, _) = run(program().args(group).arg("--help"));
        let listed = help.split("Commands:\n").nth(1).unwrap().lines();
        let commands = listed.map_while(|line| line.strip_prefix("  "));
        // What is further in goes on with the line above.
        let commands = commands.filter(|line| !line.starts_with(' '));
        let names: Vec<&str> = commands.filter_map(|line| line.split(' ').next()).collect();
        assert!(names.len() > 2, "{group:?}: {help}");
        for name in names.into_iter().filter(|name| *name != "help") {
            let (status, help, _) = run(program().args(group).args([name, "--help"]));
            assert_eq!(status, 0, "{group:?} {name}");
            assert!(help.contains("Example"), "{group:?} {name}: {help}");
        }
    }
}

#[test]
fn completions_know_the_commands_and_their_flags() {
    for (shell, begins) in [
        ("bash", "_wardrobe()"),
        ("zsh", "#compdef wardrobe"),
        ("fish", "# Print an optspec"),
        ("powershell", "\nusing namespace"),
    ] {
        let (status, script, _) = run(program().args(["completions", shell]));
        assert_eq!(status, 0, "{shell}");
        assert!(script.contains(begins), "{shell}: {script:.200}");
        for word in COMMANDS.iter().chain(&["temperature", "collage"]) {
            assert!(script.contains(word), "{shell} {word}");
        }
    }
    let bench = Bench::new();
    let document = bench.json(0, &["completions", "bash"]);
    assert_eq!(common::keys(&document), ["script", "shell"]);
}

#[test]
fn the_manual_has_a_page_a_command() {
    let bench = Bench::new();
    let folder = bench.path("man1");
    let document = bench.json(0, &["man", &folder.to_string_lossy()]);
    let files = document["files"].as_array().unwrap();
    assert!(files.len() > COMMANDS.len() + 20, "{}", files.len());
    for name in COMMANDS
        .map(|command| format!("wardrobe-{command}.1"))
        .iter()
        .map(String::as_str)
        .chain(["wardrobe.1", "wardrobe-train-classify.1"])
    {
        let page =
            std::fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
    let page = std::fs::read_to_string(folder.join("wardrobe-recommend.1")).unwrap();
    let examples = page.split(".SH EXAMPLES").nth(1).unwrap();
    assert!(examples.contains("wardrobe recommend \\-n 3"), "{examples}");
    std::fs::write(bench.path("file"), "").unwrap();
    let (status, _, stderr) = bench.run(&["man", &bench.path("file").to_string_lossy()]);
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("name a folder"), "{stderr}");
}

#[test]
fn bad_usage_is_status_2() {
    let bench = Bench::new();
    for (args, words) in [
        (&[][..], "Usage"),
        (&["waer"], "wear"),
        (&["list", "--category", "jaket"], "did you mean jacket"),
        (&["list", "--color", "navi"], "navy"),
        (&["list", "--season", "autumn"], "fall"),
        (&["list", "--category", "jumper"], "did you mean sweater"),
        (&["recommend", "--collage", "lookbook.gif"], ".png or .jpg"),
        (&["completions", "cmd"], "powershell"),
        (&["man"], "DIR"),
        (&["recommend", "--formality", "1.5"], "0 to 1"),
        (&["recommend", "--formality", "posh"], "casual"),
        (&["edit", "3fa9c1"], "--category"),
        (&["edit", "3fa9c1", "--laundry", "perhaps"], "yes or no"),
        (&["ingest"], "PATH"),
        (&["feedback", "8d3e1f"], "SIGNAL"),
        (&["feedback", "8d3e1f", "lik"], "did you mean like"),
        (
            &["feedback", "--undo", "first"],
            "expected last, or a number",
        ),
        (&["preferences", "--reset", "--all"], "cannot be used with"),
        (&["inspect", "embed"], "PATH"),
        (
            &["list", "--device", "gpu"],
            "expected auto, cpu, cuda or cuda:N",
        ),
        (
            &["list", "--store", "postgres"],
            "expected sqlite, or chroma:URL",
        ),
        (&["list", "--threads", "0"], "--threads"),
        (&["list", "-q", "-v"], "cannot be used with"),
    ] {
        let (status, stdout, stderr) = bench.run(args);
        assert_eq!((status, stdout.as_str()), (2, ""), "{args:?}: {stderr}");
        assert!(stderr.contains(words), "{args:?}: {stderr}");
    }
    assert!(!bench.home().exists());
}

#[test]
#[cfg(not(feature = "chroma"))]
fn a_program_without_chroma_says_what_to_build() {
    let bench = Bench::new();
    let (status, stdout, stderr) = bench.run(&["list", "--store", "chroma:http://localhost:8000"]);
    assert_eq!((status, stdout.as_str()), (2, ""), "{stderr}");
    assert!(stderr.contains("--features chroma"), "{stderr}");
}

#[test]
fn a_gpu_that_is_not_there_is_an_error() {
    let bench = Bench::new();
    let mut command = bench.wardrobe();
    // The error is as short where backtraces are wanted.
    let asked = command
        .args(["list", "--device", "cuda:0"])
        .env("RUST_BACKTRACE", "1");
    let (status, _, stderr) = run(asked);
    assert_eq!(status, 1);
    let line = only_line(&stderr);
    assert!(line.ends_with("without CUDA: use --device cpu"), "{line}");
}

#[test]
fn an_empty_wardrobe_is_no_error_and_nothing_is_made() {
    let bench = Bench::new();
    assert_eq!(
        bench.json(0, &["list"]),
        serde_json::json!({"garments": []})
    );
    let answer = bench.json(0, &["recommend"]);
    assert_eq!(answer["outfits"], serde_json::json!([]));
    assert!(answer["reason"].is_string());
    let (status, _, stderr) = bench.run(&["show", "3fa9c1"]);
    assert_eq!(status, 1);
    assert_eq!(
        only_line(&stderr),
        "error: no garment `3fa9c1` in the wardrobe: `list` shows the ids"
    );
    let (status, _, stderr) = bench.run(&["remove", "3fa9c1"]);
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("3fa9c1"), "{stderr}");
    assert!(!bench.home().exists());
}

#[test]
fn home_comes_from_the_environment_and_the_flag_wins() {
    let bench = Bench::new();
    std::fs::write(bench.path("file"), "").unwrap();
    let (status, _, stderr) = run(program()
        .env("WARDROBE_HOME", bench.path("file"))
        .arg("list"));
    assert_eq!(status, 1);
    assert!(stderr.contains("a wardrobe is a folder"), "{stderr}");
    let (status, ..) = run(bench
        .wardrobe()
        .env("WARDROBE_HOME", bench.path("file"))
        .arg("list"));
    assert_eq!(status, 0);
}

#[test]
fn score_reads_files_and_standard_input() {
    let outfit = r##"{"items":[{"category":"shirt","colors":["white"]},
        {"category":"chinos","colors":["navy"]},{"category":"loafers","colors":["#5c3a21"]}]}"##;
    let bench = Bench::new();
    let file = bench.path("outfit.json");
    std::fs::write(&file, outfit).unwrap();
    let scored = bench.json(0, &["score", &file.to_string_lossy()]);
    assert_eq!(common::keys(&scored), ["breakdown", "explanation", "score"]);
    let terms = [
        "category",
        "color",
        "formality",
        "learned",
        "preference",
        "rotation",
    ];
    assert_eq!(common::keys(&scored["breakdown"]), terms);
    assert!(scored["breakdown"]["learned"].is_null());
    assert!(scored["score"].as_f64().unwrap() > 0.7, "{scored}");
    assert!(scored["explanation"][0].is_string());
    let (status, stdout, _) = run(program().args(["score", "-", "--json"]).write_stdin(outfit));
    assert_eq!(
        (status, serde_json::from_str(&stdout).ok()),
        (0, Some(scored))
    );
}

#[test]
fn a_bad_outfit_is_one_line_that_helps() {
    for (outfit, words) in [
        ("", "standard input is no outfit"),
        ("{}", "items"),
        (r#"{"items":[]}"#, "no items"),
        (r#"{"items":[{"category":"jaket"}]}"#, "did you mean jacket"),
        (
            r#"{"items":[{"category":"shirt","colors":["navi"]}]}"#,
            "navy",
        ),
        (
            r#"{"items":[{"category":"shirt","formality":7}]}"#,
            "formality is 7",
        ),
    ] {
        let (status, stdout, stderr) = run(program().args(["score", "-"]).write_stdin(outfit));
        assert_eq!((status, stdout.as_str()), (1, ""), "{outfit}");
        assert!(only_line(&stderr).contains(words), "{outfit}: {stderr}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("wardrobe"))
        .args(["--help"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );

    let bench = Bench::new();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("wardrobe"))
        .args(["list", "--json", "--home"])
        .arg(bench.home())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("error"));
}
