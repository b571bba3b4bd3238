//! `simulation bench recover`.

use super::Findings;
use crate::cli::BenchArgs;
use crate::failure::Failure;

/// Not there yet.
pub async fn run(_: &BenchArgs) -> Result<Findings, Failure> {
    Err(Failure::Usage("bench recover is not part of this build".into()))
}
