//! The page and what it is made of, over real HTTP.

use std::collections::BTreeSet;

use crate::client::Running;
use crate::run::run;

/// Every text between `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: char) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

#[tokio::test]
async fn everything_that_the_page_needs_is_served_here() {
    let running = Running::start().await;
    running.shared.set_run(run(4));
    let page = running.get("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.field("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");

    let mut left: Vec<String> =
        between(&page.body, "\"/assets/", '"').into_iter().map(str::to_owned).collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = left.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let asset = running.get(&format!("/assets/{name}")).await;
        let kind = match name.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!((asset.status, asset.field("content-type")), (200, Some(kind)), "{name}");
        assert_eq!(asset.field("x-content-type-options"), Some("nosniff"));
        left.extend(between(&asset.body, " from \"./", '"').into_iter().map(str::to_owned));
        // Names of XML and who wrote the library are no addresses that anybody asks.
        let body = asset.body.replace("http://www.w3.org/", "");
        let body = body.replace("https://github.com/leeoniya/uPlot", "");
        assert!(!body.contains("http://") && !body.contains("https://"), "{name} asks elsewhere");
    }
    assert!(seen.len() >= 12, "{seen:?}");
    assert!(!page.body.contains("http") && !page.body.contains("style=\""), "nothing inline");
    assert!(between(&page.body, "<script", '>').iter().all(|tag| tag.contains("src=")));
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    let running = Running::start().await;
    running.shared.set_run(run(4));
    for path in ["/", "/assets/style.css"] {
        let first = running.get(path).await;
        let tag = first.field("etag").expect("a tag").to_owned();
        let ask = |tag: &str| {
            format!(
                "GET {path} HTTP/1.1\r\nHost: x\r\nIf-None-Match: {tag}\r\nConnection: close\r\n\r\n"
            )
        };
        let again = running.ask(&ask(&tag)).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        assert_eq!(running.ask(&ask("\"other\"")).await.status, 200);
    }
}

#[tokio::test]
async fn nothing_else_is_served() {
    let running = Running::start().await;
    running.shared.set_run(run(4));
    for path in [
        "/assets/",
        "/assets/page.html",
        "/assets/../Cargo.toml",
        "/assets/..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets/vendor/uPlot.min.css",
        "/assets/style.css/",
    ] {
        let answer = running.get(path).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    for path in ["/", "/live", "/assets/style.css"] {
        let post = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(running.ask(&post).await.status, 405, "{path}");
        let head = format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = running.ask(&head).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
    }
}
