//! `simulation bench pipeline`.

use super::Findings;
use crate::cli::BenchArgs;
use crate::failure::Failure;

/// Not there yet.
pub async fn run(_: &BenchArgs) -> Result<Findings, Failure> {
    Err(Failure::Usage("bench pipeline is not part of this build".into()))
}
