//! Chaos by hand over HTTP: what it answers, and who may ask.

use std::sync::Arc;

use chaos::{Command, Control, State};
use config::{ChaosEvent, Config};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::client::{Answer, Running};

const JSON: &str = "Content-Type: application/json\r\n";

/// A director who says yes, and what it was asked for.
fn director(mut commands: mpsc::Receiver<Command>) -> mpsc::UnboundedReceiver<String> {
    let (told, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(command) = commands.recv().await {
            let said = match command {
                Command::Pause(answer) => answer.send(Ok(())).map(|()| "pause".to_owned()).ok(),
                Command::Resume(answer) => answer.send(Ok(())).map(|()| "resume".to_owned()).ok(),
                Command::Show(answer) => {
                    let state = State {
                        paused: true,
                        elapsed_seconds: 1.5,
                        planned_next: vec![],
                        planned_left: 0,
                        open: vec![],
                        rolling_left: 0,
                        done_by_event: [("worker_crash", 3)].into(),
                        done: 3,
                        skipped: 1,
                    };
                    answer.send(Ok(state)).map(|()| "show".to_owned()).ok()
                }
                Command::Trigger(trigger, answer) => {
                    let said = match trigger.event {
                        ChaosEvent::ScaleDown => Err("there are too few".to_owned()),
                        event => Ok(format!("#1 {event}\n#2 {event}")),
                    };
                    answer.send(said).map(|()| format!("trigger {:?}", trigger.event)).ok()
                }
            };
            let _ = told.send(said.expect("somebody waits for the answer"));
        }
    });
    asked
}

/// A server with a director behind it.
async fn start(host: &str, token: Option<&str>) -> (Running, mpsc::UnboundedReceiver<String>) {
    let running = Running::on(host).await;
    let (control, commands) = Control::new(Arc::new(Config::default()));
    running.shared.set_chaos(control, token.map(str::to_owned));
    (running, director(commands))
}

async fn ask(running: &Running, line: &str, head: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\n{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    running.ask(&request).await
}

/// Asks as somebody on this machine would.
async fn local(running: &Running, line: &str, body: &str) -> Answer {
    let host = format!("Host: {}\r\n", running.address);
    ask(running, line, &format!("{host}{JSON}"), body).await
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).expect("JSON")
}

#[tokio::test]
async fn whoever_is_on_this_machine_may_ask() {
    let (running, mut asked) = start("127.0.0.1", None).await;
    for (line, sent, status, answered, told) in [
        ("POST /chaos/pause", "", 200, json!({"paused": true}), Some("pause")),
        ("POST /chaos/resume", "{}", 200, json!({"paused": false}), Some("resume")),
        (
            "POST /chaos/trigger",
            r#"{"event": "worker_pause", "target": "leader", "for": "10s"}"#,
            200,
            json!({"began": ["#1 worker_pause", "#2 worker_pause"]}),
            Some("trigger WorkerPause"),
        ),
        (
            "POST /chaos/trigger",
            r#"{"event": "scale_down"}"#,
            409,
            json!({"error": "there are too few"}),
            Some("trigger ScaleDown"),
        ),
        (
            "POST /chaos/trigger",
            r#"{"event": "worker_pause", "loss": 0.1}"#,
            400,
            json!({"error": "request: loss: means nothing for worker_pause; \
                             leave it out; it may have for, target"}),
            None,
        ),
        (
            "POST /chaos/trigger",
            r#"{"event": "worker_puase"}"#,
            400,
            json!({"error": format!("request: event: \"worker_puase\" is not known; use one of {}",
                                    ChaosEvent::ALL.map(ChaosEvent::name).join(", "))}),
            None,
        ),
    ] {
        let answer = local(&running, line, sent).await;
        assert_eq!((answer.status, body(&answer)), (status, answered), "{line} {sent}");
        assert_eq!(answer.field("content-type"), Some("application/json"));
        assert_eq!(asked.try_recv().ok().as_deref(), told, "{line} {sent}");
    }
    let answer = local(&running, "GET /chaos", "").await;
    assert_eq!((answer.status, &body(&answer)["done"]), (200, &json!(3)));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    assert_eq!(local(&running, "GET /chaos/pause", "").await.status, 405);
    running.stop().await;
}

#[tokio::test]
async fn pages_of_other_sites_may_not() {
    let (running, mut asked) = start("127.0.0.1", None).await;
    let (host, port) = (format!("Host: {}\r\n", running.address), running.address.port());
    let event = r#"{"event": "worker_crash"}"#;
    for (head, status) in [
        // A form of another site can send these kinds without asking first.
        (format!("{host}Content-Type: text/plain\r\n"), 415),
        (format!("{host}Content-Type: application/x-www-form-urlencoded\r\n"), 415),
        (host.clone(), 415),
        (format!("{host}{JSON}Origin: http://evil.example\r\n"), 403),
        (format!("{host}{JSON}Origin: http://127.0.0.1:1\r\n"), 403),
        (format!("{host}{JSON}Origin: https://{}\r\n", running.address), 403),
        (format!("{host}{JSON}Origin: null\r\n"), 403),
        // A name of theirs that points here.
        (format!("Host: evil.example:{port}\r\n{JSON}"), 403),
        (format!("Host: evil.example:{port}\r\nOrigin: http://evil.example:{port}\r\n{JSON}"), 403),
        (format!("{host}Host: evil.example\r\n{JSON}"), 403),
        (JSON.to_owned(), 403),
    ] {
        for line in ["POST /chaos/trigger", "POST /chaos/pause", "POST /chaos/resume"] {
            let answer = ask(&running, line, &head, event).await;
            assert_eq!(answer.status, status, "{line} {head}");
            assert!(body(&answer)["error"].is_string());
        }
    }
    let answer = ask(&running, "GET /chaos", "Host: evil.example\r\n", "").await;
    assert_eq!(answer.status, 403);
    assert!(asked.try_recv().is_err(), "nothing of that reached the director");
    let own = format!("Origin: http://{}\r\n{host}{JSON}", running.address);
    assert_eq!(ask(&running, "POST /chaos/pause", &own, "").await.status, 200);
    let named =
        format!("Host: localhost:{port}\r\nContent-Type: application/json; charset=utf-8\r\n");
    assert_eq!(ask(&running, "POST /chaos/pause", &named, "").await.status, 200);
    running.stop().await;
}

#[tokio::test]
async fn where_others_can_reach_it_a_token_is_asked_for() {
    let (running, mut asked) = start("0.0.0.0", Some("s3cret")).await;
    for (given, status) in [
        ("", 401),
        ("Authorization: Bearer wrong\r\n", 401),
        ("Authorization: Bearer s3cre\r\n", 401),
        ("Authorization: Basic s3cret\r\n", 401),
        ("Authorization: s3cret\r\n", 401),
        ("Authorization: Bearer s3cret\r\n", 200),
        ("authorization: bearer s3cret\r\n", 200),
    ] {
        for line in ["GET /chaos", "POST /chaos/pause"] {
            let head = format!("Host: soak.example:9090\r\n{given}{JSON}");
            let answer = ask(&running, line, &head, "").await;
            assert_eq!(answer.status, status, "{line} {given}");
            assert_eq!(asked.try_recv().is_ok(), status == 200, "{line} {given}");
            assert_eq!(answer.field("www-authenticate").is_some(), status == 401);
            assert!(!answer.body.contains("s3cret"));
        }
    }
    running.stop().await;
    for token in [None, Some("")] {
        let (running, _) = start("0.0.0.0", token).await;
        let head = format!("Host: 127.0.0.1\r\nAuthorization: Bearer \r\n{JSON}");
        let answer = ask(&running, "POST /chaos/pause", &head, "").await;
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("SIMULATION_CHAOS_TOKEN"), "{}", answer.body);
        running.stop().await;
    }
}

#[tokio::test]
async fn without_chaos_there_is_nothing_to_ask() {
    let running = Running::start().await;
    for line in ["GET /chaos", "POST /chaos/pause", "POST /chaos/trigger"] {
        let answer = local(&running, line, "{}").await;
        assert_eq!(answer.status, 404);
        assert!(body(&answer)["error"].as_str().expect("why").contains("chaos.enabled"));
    }
    let (control, commands) = Control::new(Arc::new(Config::default()));
    running.shared.set_chaos(control, None);
    drop(commands);
    let answer = local(&running, "POST /chaos/pause", "").await;
    assert_eq!(
        (answer.status, body(&answer)["error"].as_str()),
        (410, Some("chaos has ended: the run is draining, or over"),)
    );
    running.stop().await;
}

#[tokio::test]
async fn a_body_is_bounded() {
    let (running, mut asked) = start("127.0.0.1", None).await;
    let long = format!("{{\"event\": \"scale_up\"{}}}", " ".repeat(16 * 1024));
    assert_eq!(local(&running, "POST /chaos/trigger", &long).await.status, 413);
    assert_eq!(local(&running, "POST /chaos/trigger", "\u{1}").await.status, 400);
    assert!(asked.try_recv().is_err());
    running.stop().await;
}
