//! The page that Prometheus reads, as text: what is on it and that it can be read.

use checker::Exposition;
use metrics::Metrics;

mod checked;
mod checker;
mod figures;
mod growth;
mod live;
mod roles;

fn read(metrics: &Metrics) -> Exposition {
    let text = metrics.encode().expect("metrics that can be written");
    Exposition::parse(&text).expect("text that can be read")
}
