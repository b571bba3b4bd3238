//! `report.html`: a finished run as one file that can be sent. What matters stands in it as text and
//! tables; curves and the map of owners are drawn by the scripts of the live page, which it carries
//! within itself. Nothing in it is loaded from anywhere.

mod data;
mod faults;
mod html;
mod overview;
mod script;
mod when;

use coordinator::Report;
use view::View;

use crate::assets::text_of;
use html::Html;

/// Nothing from anywhere but from within the file.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      img-src data:; base-uri 'none'; form-action 'none'";

/// The report of a run, and what was seen of it, as one page.
///
/// # Errors
///
/// What was seen is no JSON.
pub fn report_page(report: &Report, view: &View) -> Result<String, serde_json::Error> {
    let mut html = Html::default();
    html.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    html.raw(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n"));
    html.element(
        "title",
        "",
        &format!("{} – Parti Simulation, seed {}", report.verdict, report.seed),
    );
    for sheet in ["uplot.css", "style.css"] {
        html.raw(&format!("\n<style>\n{}\n</style>", text_of(sheet)));
    }
    html.raw("\n</head>\n<body>\n");
    overview::head(&mut html, report);
    html.raw("<main id=\"main\">\n");
    overview::verdict(&mut html, report);
    overview::counts(&mut html, report);
    overview::findings(&mut html, report);
    html.raw(MAP);
    html.raw(CHARTS);
    faults::rebalances(&mut html, report);
    faults::faults(&mut html, report);
    faults::recoveries(&mut html, report);
    overview::exercised(&mut html, report);
    overview::resources(&mut html, report);
    overview::configuration(&mut html, report);
    html.raw("</main>\n<script type=\"application/json\" id=\"data\">");
    html.raw(&data::of(report, view)?);
    html.raw("</script>\n<script>");
    html.raw(text_of("uplot.js"));
    html.raw("</script>\n<script type=\"module\">\n");
    html.raw(&script::bundle());
    html.raw("</script>\n</body>\n</html>\n");
    Ok(html.done())
}

const MAP: &str = r#"<section class="card" aria-labelledby="map-title">
<div class="head"><h2 id="map-title">Ownership over time</h2>
<p class="hint">One cell is one partition, its colour the owner; a corner marks what has just moved.</p></div>
<noscript><p class="hint">The map and the curves need JavaScript; everything else does not.</p></noscript>
<div class="row only-screen"><button type="button" class="button" id="map-back">Change before</button>
<button type="button" class="button" id="map-on">Next change</button>
<p class="hint" id="map-time" role="status"></p></div>
<input type="range" id="map-slider" class="only-screen" aria-label="Time of the run" min="0" max="1" value="0">
<canvas id="map" class="map" tabindex="0" role="application" aria-label="Ownership map"
aria-describedby="map-cell"></canvas>
<p id="map-cell" class="readout only-screen" aria-live="polite">Point at a cell, or use the arrow keys.</p>
</section>
"#;

const CHARTS: &str = r#"<div class="charts">
<section class="card" aria-labelledby="rate-title"><h2 id="rate-title">Messages per second</h2>
<div id="rate" class="chart" role="img"></div></section>
<section class="card" aria-labelledby="flight-title"><h2 id="flight-title">In flight</h2>
<div id="flight" class="chart" role="img"></div></section>
<section class="card" aria-labelledby="unowned-title"><h2 id="unowned-title">Partitions without an owner</h2>
<div id="unowned" class="chart" role="img"></div></section>
</div>
"#;
