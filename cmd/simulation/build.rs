//! Notes the commit that the program is built from, and by which compiler, for its reports.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=../../.git/HEAD");
    println!("cargo:rerun-if-changed=../../.git/refs/heads");
    let git = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output();
    let commit = match git {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        _ => "unknown".to_owned(),
    };
    println!("cargo:rustc-env=SIMULATION_COMMIT={}", commit.trim());
    println!(
        "cargo:rustc-env=SIMULATION_RUSTC={}",
        compiler().as_deref().unwrap_or("rustc unknown")
    );
}

/// Its name and version, such as `rustc 1.89.0`.
fn compiler() -> Option<String> {
    let output = Command::new(std::env::var_os("RUSTC")?).arg("--version").output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    Some(said.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}
