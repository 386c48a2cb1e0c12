//! Kernels for processors that have less than this one.

use std::process::Command;

/// The environment variable by which `wardrobe-nn` holds its kernels to less than the processor has.
const VARIABLE: &str = "WARDROBE_INSTRUCTIONS";

/// Runs the calling test's whole program again, once for each narrower set of instructions, so that its other tests hold
/// the kernels that this machine would never choose.
///
/// # Panics
/// A test that fails there, with what it said.
pub fn again_with_narrower_instructions() {
    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let program = std::env::current_exe().expect("a test program has a path");
    for instructions in ["avx2", "none"] {
        let run = Command::new(&program).env(VARIABLE, instructions).output();
        let run = run.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success(), "{VARIABLE}={instructions}:\n{said}");
        assert!(
            !said.contains("\nrunning 0 tests") && !said.contains(" 0 passed"),
            "no test was run:\n{said}"
        );
    }
}
